using System.Text;
using Orrery.Helm.Go;
using Orrery.Helm.Host;
using Orrery.Helm.Yaml;

namespace Orrery.Helm.Charts;

/// <summary>Chart.yaml, and the Go object that templates see of it.</summary>
internal sealed record ChartMetadata
{
    private sealed record Maintainer(string Name, string Email, string Url);

    public string Name { get; init; } = "";

    public string Version { get; init; } = "";

    public string ApiVersion { get; init; } = "";

    public string KubeVersion { get; init; } = "";

    public string Type { get; init; } = "";

    public string AppVersion { get; private init; } = "";

    public bool IsDeprecated { get; private init; }

    public bool IsLibrary => string.Equals(Type, "library", StringComparison.OrdinalIgnoreCase);

    public IReadOnlyList<ChartDependency> Dependencies { get; init; } = [];

    private string Home { get; init; } = "";

    private string Description { get; init; } = "";

    private string Icon { get; init; } = "";

    private string Condition { get; init; } = "";

    private string Tags { get; init; } = "";

    private IReadOnlyList<string> Sources { get; init; } = [];

    private IReadOnlyList<string> Keywords { get; init; } = [];

    private IReadOnlyList<Maintainer?> Maintainers { get; init; } = [];

    private IReadOnlyDictionary<string, string>? Annotations { get; init; }

    /// <summary>Reads Chart.yaml. A chart that names no apiVersion is of the first.</summary>
    /// <exception cref="GoException">It is no YAML, or a field has a wrong type.</exception>
    public static ChartMetadata Parse(string yaml)
    {
        var fields = Fields(yaml, "Metadata");
        var metadata = new ChartMetadata
        {
            Name = Clean(fields.Text("name")),
            Version = fields.Text("version"),
            ApiVersion = fields.Text("apiVersion") is { Length: > 0 } api ? api : "v1",
            KubeVersion = Clean(fields.Text("kubeVersion")),
            Type = fields.Text("type"),
            AppVersion = Clean(fields.Text("appVersion")),
            IsDeprecated = fields.Flag("deprecated"),
            Home = Clean(fields.Text("home")),
            Description = Clean(fields.Text("description")),
            Icon = Clean(fields.Text("icon")),
            Condition = Clean(fields.Text("condition")),
            Tags = Clean(fields.Text("tags")),
            Sources = [.. fields.Texts("sources").Select(Clean)],
            Keywords = [.. fields.Texts("keywords").Select(Clean)],
            Annotations = fields.TextMap("annotations"),
            Maintainers = [.. fields.Structs("maintainers", "chart.Maintainer").Select(ReadMaintainer)],
        };
        return metadata with { Dependencies = ReadDependencies(fields) };
    }

    /// <summary>The list that charts of the first apiVersion keep in requirements.yaml.</summary>
    public static IReadOnlyList<ChartDependency> ParseRequirements(string yaml) => ReadDependencies(Fields(yaml, "Metadata"));

    private static TypedFields Fields(string yaml, string type) => YamlReader.ReadTyped(yaml) switch
    {
        GoMap map => new TypedFields(map, type),
        null => new TypedFields(new GoMap(), type),
        var other => throw YamlReader.Mismatch(other, "value of type chart." + type),
    };

    private static IReadOnlyList<ChartDependency> ReadDependencies(TypedFields fields) => [.. fields.Structs("dependencies", "chart.Dependency").Select(ChartDependency.Read)];

    private static Maintainer? ReadMaintainer(object? entry)
    {
        if (entry is not GoMap map)
        {
            return null;
        }

        var fields = new TypedFields(map, "Maintainer", "maintainers.");
        return new Maintainer(Clean(fields.Text("name")), Clean(fields.Text("email")), Clean(fields.Text("url")));
    }

    /// <summary>Spaces of all kinds become plain ones, what cannot be printed goes.</summary>
    private static string Clean(string s)
    {
        if (s.All(c => c is >= ' ' and < '\x7F'))
        {
            return s;
        }

        var b = new StringBuilder();
        foreach ((int at, int rune, int size) in Utf8.Runes(s))
        {
            bool space = Rune.IsValid(rune) && Rune.IsWhiteSpace(new Rune(rune));
            b.Append(space ? " " : GoQuote.IsPrint(rune) ? s.Substring(at, size) : "");
        }

        return b.ToString();
    }

    /// <exception cref="GoException">Helm refuses such metadata too.</exception>
    public void Validate()
    {
        static GoException Invalid(string message) => new("validation: " + message);
        if (Name.Length == 0)
        {
            throw Invalid("chart.metadata.name is required");
        }

        if (Name.Contains('/', StringComparison.Ordinal))
        {
            throw Invalid($"chart.metadata.name {GoQuote.Quote(Name)} is invalid");
        }

        if (Version.Length == 0)
        {
            throw Invalid("chart.metadata.version is required");
        }

        if (!SemanticVersion.IsValid(Version))
        {
            throw Invalid($"chart.metadata.version {GoQuote.Quote(Version)} is invalid");
        }

        if (Type is not ("" or "application" or "library"))
        {
            throw Invalid("chart.metadata.type must be application or library");
        }

        if (Maintainers.Contains(null))
        {
            throw Invalid("maintainers must not contain empty or null nodes");
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (ChartDependency dependency in Dependencies)
        {
            dependency.Validate();
            if (!names.Add(dependency.EffectiveName))
            {
                throw Invalid($"more than one dependency with name or alias {GoQuote.Quote(dependency.EffectiveName)}");
            }
        }
    }

    private static GoSlice Strings(IReadOnlyList<string> list) => list.Count > 0 ? GoSlice.OfStrings(list) : new GoSlice([], GoSlice.Strings) { IsNil = true };

    /// <summary>The struct that .Chart is: chart.Metadata's fields and IsRoot.</summary>
    public GoStruct ToGo(bool isRoot)
    {
        var annotations = new GoMap("map[string]string", "string") { IsNil = Annotations is null };
        foreach ((string key, string value) in Annotations ?? new Dictionary<string, string>())
        {
            annotations[key] = value;
        }

        var dependencies = new GoSlice([.. Dependencies.Select(d => (object?)d.ToGo())], "[]*chart.Dependency") { IsNil = Dependencies.Count == 0 };
        (string Name, object? Value)[] fields =
        [
            ("Name", Name), ("Home", Home), ("Sources", Strings(Sources)), ("Version", Version), ("Description", Description),
            ("Keywords", Strings(Keywords)), ("Maintainers", GoMaintainers()), ("Icon", Icon), ("APIVersion", ApiVersion),
            ("Condition", Condition), ("Tags", Tags), ("AppVersion", AppVersion), ("Deprecated", IsDeprecated),
            ("Annotations", annotations), ("KubeVersion", KubeVersion), ("Dependencies", dependencies), ("Type", Type),
        ];
        (string, object?)[] json = [.. fields.Where(f => f.Value is not (null or "" or false or GoSlice { Count: 0 } or GoMap { Count: 0 }))
            .Select(f => (f.Name == "APIVersion" ? "apiVersion" : char.ToLowerInvariant(f.Name[0]) + f.Name[1..], f.Value)), ("IsRoot", isRoot)];
        var metadata = new GoStruct("chart.Metadata", fields) { JsonFields = json[..^1] };
        return new GoStruct("struct { chart.Metadata; IsRoot bool }", [("Metadata", metadata), ("IsRoot", isRoot)], embedded: fields) { JsonFields = json };
    }

    private GoSlice GoMaintainers()
    {
        object?[] list = [.. Maintainers.OfType<Maintainer>().Select(m =>
        {
            (string, object?)[] fields = [("Name", m.Name), ("Email", m.Email), ("URL", m.Url)];
            return (object?)new GoStruct("*chart.Maintainer", fields)
            {
                JsonFields = [.. fields.Where(f => f.Item2 is not "").Select(f => (f.Item1.ToLowerInvariant(), f.Item2))],
            };
        })];
        return new GoSlice(list, "[]*chart.Maintainer") { IsNil = list.Length == 0 };
    }
}
