using System.Text.RegularExpressions;
using Orrery.Helm.Go;
using Orrery.Helm.Host;

namespace Orrery.Helm.Charts;

/// <summary>One entry of a chart's dependency list.</summary>
/// <param name="ImportValues">Names under "exports", or maps of child to parent.</param>
/// <param name="IsEnabled">Whether tags and conditions let it take part; decided while rendering.</param>
internal sealed partial record ChartDependency(
    string Name, string Version, string Repository, string Condition, IReadOnlyList<string> Tags, IReadOnlyList<object?> ImportValues, string Alias, bool IsEnabled = false)
{
    /// <summary>What the chart is called once its alias holds.</summary>
    public string EffectiveName => Alias.Length > 0 ? Alias : Name;

    /// <exception cref="GoException">An entry has a wrong type, or an alias what it must not.</exception>
    public static ChartDependency Read(object? entry)
    {
        if (entry is null)
        {
            throw new GoException("validation: dependencies must not contain empty or null nodes");
        }

        var fields = new TypedFields(entry as GoMap ?? throw Yaml.YamlReader.Mismatch(entry, "struct field Metadata.dependencies of type chart.Dependency"), "Dependency", "dependencies.");
        return new ChartDependency(
            fields.Text("name"), fields.Text("version"), fields.Text("repository"), fields.Text("condition"), fields.Texts("tags"), fields.Any("import-values"), fields.Text("alias"), fields.Flag("enabled"));
    }

    public void Validate()
    {
        if (Alias.Length > 0 && !AliasForm().IsMatch(Alias))
        {
            throw new GoException($"validation: dependency {GoQuote.Quote(Name)} has disallowed characters in the alias");
        }
    }

    /// <summary>As templates see it, under its alias.</summary>
    public GoStruct ToGo() => ToGo(EffectiveName);

    /// <param name="name">What it is called there.</param>
    public GoStruct ToGo(string name)
    {
        GoSlice tags = GoSlice.OfStrings(Tags);
        GoSlice imports = new([.. ImportValues]);
        (string Json, string Name, object? Value, bool Empty)[] all =
        [
            ("name", "Name", name, false), ("version", "Version", Version, Version.Length == 0), ("repository", "Repository", Repository, false),
            ("condition", "Condition", Condition, Condition.Length == 0), ("tags", "Tags", tags, tags.Count == 0), ("enabled", "Enabled", IsEnabled, !IsEnabled),
            ("import-values", "ImportValues", imports, imports.Count == 0), ("alias", "Alias", Alias, Alias.Length == 0),
        ];
        return new GoStruct("*chart.Dependency", [.. all.Select(f => (f.Name, f.Value))]) { JsonFields = [.. all.Where(f => !f.Empty).Select(f => (f.Json, f.Value))] };
    }

    [GeneratedRegex("^[a-zA-Z0-9_-]+$")]
    private static partial Regex AliasForm();
}
