using Orrery.Helm.Go;
using Orrery.Helm.Host;
using Orrery.Helm.Yaml;

namespace Orrery.Helm.Charts;

/// <summary>Chart.yaml, and the Go object that templates see of it.</summary>
internal sealed class ChartMetadata
{
    private readonly GoMap map;

    private ChartMetadata(GoMap map) => this.map = map;

    public static ChartMetadata Parse(string yaml) => new(YamlReader.Read(yaml) as GoMap ?? new GoMap());

    public string Name => Text("name");

    public string Version => Text("version");

    public string ApiVersion => Text("apiVersion");

    public string KubeVersion => Text("kubeVersion");

    public string Type => Text("type");

    public IReadOnlyList<GoMap> Dependencies => map["dependencies"] is GoSlice list ? [.. list.Items.OfType<GoMap>()] : [];

    public string Text(string key) => map[key] as string ?? "";

    private GoSlice Strings(string key) => map[key] is GoSlice list
        ? GoSlice.OfStrings(list.Items.OfType<string>())
        : new GoSlice([], GoSlice.Strings) { IsNil = true };

    /// <summary>The struct that .Chart is: chart.Metadata's fields and IsRoot.</summary>
    public GoStruct ToGo(bool isRoot)
    {
        var annotations = new GoMap("map[string]string", "string") { IsNil = map["annotations"] is not GoMap };
        if (map["annotations"] is GoMap given)
        {
            foreach ((string key, object? value) in given.Items)
            {
                annotations[key] = value as string ?? "";
            }
        }

        (string Name, object? Value)[] fields =
        [
            ("Name", Name), ("Home", Text("home")), ("Sources", Strings("sources")), ("Version", Version), ("Description", Text("description")),
            ("Keywords", Strings("keywords")), ("Maintainers", Maintainers()), ("Icon", Text("icon")), ("APIVersion", ApiVersion),
            ("Condition", Text("condition")), ("Tags", Text("tags")), ("AppVersion", Text("appVersion")), ("Deprecated", map["deprecated"] is true),
            ("Annotations", annotations), ("KubeVersion", KubeVersion), ("Dependencies", new GoSlice([], "[]*chart.Dependency") { IsNil = Dependencies.Count == 0 }), ("Type", Type),
        ];
        (string, object?)[] json = [.. fields.Where(f => f.Value is not (null or "" or false or GoSlice { Count: 0 } or GoMap { Count: 0 }))
            .Select(f => (f.Name == "APIVersion" ? "apiVersion" : char.ToLowerInvariant(f.Name[0]) + f.Name[1..], f.Value)), ("IsRoot", isRoot)];
        var metadata = new GoStruct("chart.Metadata", fields) { JsonFields = json[..^1] };
        return new GoStruct("struct { chart.Metadata; IsRoot bool }", [("Metadata", metadata), ("IsRoot", isRoot)], embedded: fields) { JsonFields = json };
    }

    private GoSlice Maintainers()
    {
        object?[] list = map["maintainers"] is not GoSlice given ? [] : [.. given.Items.OfType<GoMap>().Select(m =>
        {
            (string, object?)[] fields = [("Name", m["name"] as string ?? ""), ("Email", m["email"] as string ?? ""), ("URL", m["url"] as string ?? "")];
            return (object?)new GoStruct("*chart.Maintainer", fields)
            {
                JsonFields = [.. fields.Where(f => f.Item2 is not "").Select(f => (f.Item1.ToLowerInvariant(), f.Item2))],
            };
        })];
        return new GoSlice(list, "[]*chart.Maintainer") { IsNil = list.Length == 0 };
    }
}
