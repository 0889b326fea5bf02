using Mono.Cecil;

namespace Orrery.Tests.Architecture;

/// <summary>The allowed arrows between projects. A project may use what stands in its list, and nothing else of ours.</summary>
public sealed class ArrowTests
{
    private sealed record Rule(string Project, string[] MayUse, string Reason);

    private static readonly Rule[] Rules =
    [
        new("Orrery.Api", [], "the words everybody speaks depend on nobody"),
        new("Orrery.Machinery", ["Orrery.Api"], "rules about objects are pure: no store, no server, no network"),
        new("Orrery.Helm", [], "rendering a chart is pure and stands alone: it reaches no cluster and no network"),
        new("Orrery.Charts", ["Orrery.Helm"], "getting a chart is network and disk; what a chart means is the library's business"),
        new("Orrery.Storage", ["Orrery.Api"], "an engine knows keys and bytes, not Kubernetes' rules"),
        new("Orrery.Server", ["Orrery.Api", "Orrery.Machinery", "Orrery.Storage"], "an API server serves; who controls what is not its business, so it knows no client and no controller"),
        new("Orrery.Hub", ["Orrery.Api", "Orrery.Machinery", "Orrery.Storage", "Orrery.Server", "Orrery.Client"], "the hub serves beside the API server; what satellites do at the other end is not its business"),
        new("Orrery.Client", ["Orrery.Api", "Orrery.Machinery"], "a client must work against any Kubernetes, so it may not know our server"),
        new("Orrery.Controllers", ["Orrery.Api", "Orrery.Machinery", "Orrery.Helm", "Orrery.Charts", "Orrery.Client"], "the Kubernetes API is a controller's only door: root may be somebody's existing cluster; charts are fetched and rendered by libraries"),
        new("Orrery.Satellite", ["Orrery.Api", "Orrery.Machinery", "Orrery.Client"], "a satellite treats both sides as Kubernetes APIs, and is small enough for a customer's cluster"),
        new("Orrery.Simulator", ["Orrery.Api", "Orrery.Machinery", "Orrery.Storage", "Orrery.Server", "Orrery.Client"], "a simulated cluster is an API server with controllers; it may not know that Orrery uses it"),
        new("orrery", ["Orrery.Api", "Orrery.Machinery", "Orrery.Helm", "Orrery.Charts", "Orrery.Storage", "Orrery.Server", "Orrery.Hub", "Orrery.Client", "Orrery.Controllers", "Orrery.Satellite", "Orrery.Simulator"], "the composition root puts everything together"),
    ];

    /// <summary>Namespaces within a project that must not know each other, with the reason.</summary>
    private static readonly (string Namespace, string MayNotUse, string Reason)[] Inside =
    [
        ("Orrery.Server.Cache", "Orrery.Server.Handlers", "the cache knows objects and revisions, not requests"),
        ("Orrery.Server.Requests", "Orrery.Server.Registry", "a request is read before anything is looked up"),
        ("Orrery.Machinery.Schemas", "Orrery.Machinery.Kinds", "schemas describe shapes; rules of kinds build on them"),
        ("Orrery.Machinery.Patches", "Orrery.Machinery.Kinds", "a patch follows the schema alone"),
    ];

    public static TheoryData<string> Projects => [.. Rules.Select(r => r.Project)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_UsesOnlyWhatItsRuleAllows(string project)
    {
        Rule rule = Rules.Single(r => r.Project == project);
        using AssemblyDefinition assembly = Read(project);

        string[] forbidden = [.. assembly.MainModule.AssemblyReferences
            .Select(r => r.Name)
            .Where(n => n.StartsWith("orrery", StringComparison.OrdinalIgnoreCase) && !rule.MayUse.Contains(n))];

        Assert.True(forbidden.Length == 0, $"{project} uses {string.Join(", ", forbidden)}, but {rule.Reason}");
    }

    [Fact]
    public void Rules_NameEveryProjectOfTheSolution()
    {
        string[] built = [.. Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll")
            .Select(f => Path.GetFileNameWithoutExtension(f))
            .Where(n => n.StartsWith("orrery", StringComparison.OrdinalIgnoreCase) && n is not ("Orrery.Tests" or "Orrery.Testing"))
            .Order(StringComparer.Ordinal)];

        Assert.Equal(Rules.Select(r => r.Project).Order(StringComparer.Ordinal), built);
    }

    [Fact]
    public void Namespaces_KeepTheirDistance()
    {
        foreach ((string from, string mayNotUse, string reason) in Inside)
        {
            using AssemblyDefinition assembly = Read(string.Join('.', from.Split('.').Take(2)));
            TypeDefinition[] types = [.. assembly.MainModule.GetTypes().Where(t => In(Outermost(t).Namespace, from))];
            Assert.True(types.Length > 0, $"{from} holds no type any more: take its rule away");

            foreach (TypeDefinition type in types)
            {
                string? bad = Uses(type).FirstOrDefault(u => In(u, mayNotUse));
                Assert.True(bad is null, $"{type.FullName} uses {bad}, but {reason}");
            }
        }
    }

    private static bool In(string space, string parent) => space == parent || space.StartsWith(parent + ".", StringComparison.Ordinal);

    private static TypeDefinition Outermost(TypeDefinition type) => type.DeclaringType is null ? type : Outermost(type.DeclaringType);

    private static IEnumerable<string> Uses(TypeDefinition type)
    {
        IEnumerable<TypeReference> references = type.Fields.Select(f => f.FieldType)
            .Concat(type.Interfaces.Select(i => i.InterfaceType))
            .Concat(type.Methods.SelectMany(m => m.Parameters.Select(p => p.ParameterType).Append(m.ReturnType)))
            .Concat(type.Methods.Where(m => m.HasBody).SelectMany(m => m.Body.Instructions).Select(i => i.Operand).Select(o => o switch
            {
                MethodReference method => method.DeclaringType,
                FieldReference field => field.DeclaringType,
                TypeReference t => t,
                _ => null,
            }).OfType<TypeReference>());
        return references.Append(type.BaseType).Where(r => r is not null).Select(r => r!.GetElementType().Namespace);
    }

    private static AssemblyDefinition Read(string project) =>
        AssemblyDefinition.ReadAssembly(Path.Combine(AppContext.BaseDirectory, project + ".dll"));
}
