using System.CommandLine;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery;

namespace Orrery.Commands.Objects;

/// <summary>What the command line says of applications, releases and installations.</summary>
internal static class ApplicationFields
{
    public static IReadOnlyList<ObjectField> Application { get; } =
    [
        ObjectField.Text("--title", "spec.title", "What people call it.", "TEXT"),
        ObjectField.Text("--description", "spec.description", "What it is.", "TEXT"),
        ObjectField.Flag("--suspended", "spec.suspended", "Leave all that is installed of it as it is."),
        WindowField.Of("what is installed of it"),
        ObjectField.Elements("--channel", new KeyedList("spec.channels", "name"), "A channel and the release that it stands for; without a release the channel goes.", "NAME=RELEASE", text =>
        {
            (string name, string release) = Pair("--channel", text);
            return release.Length > 0 ? new JsonObject { ["name"] = name, ["release"] = release } : new JsonObject { ["name"] = name };
        }),
    ];

    public static IReadOnlyList<ObjectField> Release { get; } =
    [
        ObjectField.Text("--application", "spec.application", "Application that it is a version of.", names: ObjectKind.Application),
        ObjectField.Text("--version", "spec.version", "Its version.", "VERSION"),
        ObjectField.Text("--notes", "spec.notes", "What is new.", "TEXT"),
        ObjectField.Of(Many("--manifests", "Files of Kubernetes objects, JSON or YAML; - for standard input.", "FILE"), ManifestsAsync),
        ObjectField.Text("--repository", "spec.bundle.helm.repository", "Chart repository that holds the chart.", "URL"),
        ObjectField.Text("--chart", "spec.bundle.helm.chart", "Name of the chart in the repository."),
        ObjectField.Text("--oci", "spec.bundle.helm.oci", "Chart in an OCI registry.", "oci://HOST/PATH"),
        ObjectField.Text("--chart-version", "spec.bundle.helm.version", "Version or range of versions of the chart.", "RANGE"),
        ObjectField.Text("--digest", "spec.bundle.helm.digest", "SHA-256 that the chart's archive must have.", "SHA256"),
        ObjectField.Of(
            new Option<string>("--credentials") { Description = "Secret of root with the keys username and password, for the repository or registry.", HelpName = "NAMESPACE/NAME" },
            (secret, body) => ObjectField.Put(body, "spec.bundle.helm.credentials", Credentials(secret))),
        ObjectField.Text("--lookup", "spec.bundle.helm.lookup", "Whether the chart sees what is in the data plane; Denied when unset.", oneOf: ["Denied", "Allowed"]),
        ValuesFile("--values", "spec.values"),
    ];

    public static IReadOnlyList<ObjectField> Installation { get; } =
    [
        ObjectField.Text("--application", "spec.application", "Application to install.", names: ObjectKind.Application),
        ObjectField.Of(new Option<string>("--release") { Description = "Release to install.", HelpName = "NAME" }, (release, body) => Either(body, "release", "channel", release)).Naming(ObjectKind.Release),
        ObjectField.Of(new Option<string>("--channel") { Description = "Channel of the application to follow.", HelpName = "NAME" }, (channel, body) => Either(body, "channel", "release", channel)),
        ObjectField.Text("--scope", "spec.scope", "Whether it is a tenant's, or for data planes as a whole; Tenant when unset.", oneOf: ["Tenant", "DataPlane"]),
        ObjectField.Text("--target-namespace", "spec.targetNamespace", "Namespace in the data planes, for scope DataPlane."),
        ValuesFile("--values", "spec.values"),
        ObjectField.Of(Many("--set", "A value: site.title=Hello. What reads as JSON is taken as that.", "KEY=VALUE"), (pairs, body) =>
        {
            foreach ((string key, string value) in pairs.Select(p => Pair("--set", p)))
            {
                ObjectField.Put(body, "spec.values." + key, Typed(value));
            }
        }),
        ObjectField.Of(Many("--values-from", "Object of the same namespace that holds values; all that it is to take.", "ConfigMap|Secret/NAME[/KEY]"), (sources, body) =>
            ObjectField.Put(body, "spec.valuesFrom", new JsonArray([.. sources.Select(s => (JsonNode)Source(s))]))),
        .. ObjectField.Placement,
        ObjectField.Number("--progress-deadline", "spec.progressDeadlineSeconds", "Seconds after which one that is not ready counts as failed; 600 when unset.", "SECONDS"),
        ObjectField.Flag("--suspended", "spec.suspended", "Leave what is installed as it is."),
        WindowField.Of("it"),
    ];

    private static Option<string[]> Many(string name, string about, string helpName) => new(name) { Description = about, HelpName = helpName };

    private static ObjectField ValuesFile(string name, string path) => ObjectField.Of(Many(name, "Files of values; later ones win.", "FILE"), async (files, body, ct) =>
    {
        foreach (string file in files)
        {
            JsonNode? read = Parse(file, await TextFile.ReadAsync(file, ct).ConfigureAwait(false)).FirstOrDefault();
            Merge(body, path, read as JsonObject ?? (read is null ? [] : throw new CommandFailedException($"{name}: {file} holds no object")));
        }
    });

    private static void Merge(JsonObject body, string path, JsonObject values)
    {
        foreach ((string key, JsonNode? value) in values)
        {
            string at = $"{path}.{key}";
            if (value is JsonObject inner && inner.Count > 0 && !key.Contains('.', StringComparison.Ordinal))
            {
                Merge(body, at, inner);
            }
            else
            {
                JsonObject target = body;
                foreach (string step in path.Split('.'))
                {
                    target = target.ObjectAt(step);
                }

                target[key] = value?.DeepClone();
            }
        }
    }

    private static async Task ManifestsAsync(string[] files, JsonObject body, CancellationToken ct)
    {
        var objects = new JsonArray();
        foreach (string file in files)
        {
            foreach (JsonObject found in Parse(file, await TextFile.ReadAsync(file, ct).ConfigureAwait(false)).OfType<JsonObject>())
            {
                objects.Add((JsonNode)found);
            }
        }

        ObjectField.Put(body, "spec.bundle.manifests.inline", objects);
    }

    private static List<JsonNode?> Parse(string file, string text)
    {
        try
        {
            return [.. YamlJson.ParseAll(text)];
        }
        catch (FormatException e)
        {
            throw new CommandFailedException($"{file}: {e.Message}", e);
        }
    }

    /// <summary>Of two fields that exclude each other, the one given takes the place of the other.</summary>
    private static void Either(JsonObject body, string field, string other, string value)
    {
        JsonObject spec = body.ObjectAt("spec");
        spec[field] = value;
        if (!spec.ContainsKey(other))
        {
            spec[other] = null;
        }
    }

    private static JsonObject Source(string text) => text.Split('/') switch
    {
        ["ConfigMap" or "Secret", { Length: > 0 }] parts => new JsonObject { ["kind"] = parts[0], ["name"] = parts[1] },
        ["ConfigMap" or "Secret", { Length: > 0 }, { Length: > 0 }] parts => new JsonObject { ["kind"] = parts[0], ["name"] = parts[1], ["key"] = parts[2] },
        _ => throw new CommandFailedException($"--values-from: '{text}' is not of the form ConfigMap/NAME or Secret/NAME, with /KEY behind it or not"),
    };

    private static JsonObject Credentials(string secret) => secret.Split('/') is [{ Length: > 0 } ns, { Length: > 0 } name]
        ? new JsonObject { ["namespace"] = ns, ["name"] = name }
        : throw new CommandFailedException($"--credentials: '{secret}' is no NAMESPACE/NAME");

    private static KeyValuePair<string, string> Pair(string name, string pair)
    {
        int at = pair.IndexOf('=', StringComparison.Ordinal);
        return at > 0 ? new(pair[..at], pair[(at + 1)..]) : throw new CommandFailedException($"{name}: '{pair}' is no KEY=VALUE");
    }

    private static JsonNode? Typed(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (System.Text.Json.JsonException)
        {
            return JsonValue.Create(text);
        }
    }
}
