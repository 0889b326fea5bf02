using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Api.Kinds;

/// <summary>
/// What the tenant changed of a mirrored pod that runs, and its data plane is to change of the pod itself: containers to debug it with, what its
/// containers ask for, labels and annotations. Stands on the pod's Observation as <see cref="Annotation"/>. Pure.
/// </summary>
/// <param name="Uid">Of the pod in its data plane: another that gets its name meanwhile is not meant.</param>
/// <param name="Ephemeral">Ephemeral containers, whole.</param>
/// <param name="Resources">By container; of the pod as a whole by <see cref="Whole"/>.</param>
public sealed record PodChanges(string Uid, JsonArray Ephemeral, JsonObject Resources)
{
    public const string Annotation = "orrery.dev/pod-changes";

    /// <summary>
    /// On the Observation: a digest of what was asked for last, once the pod reads so to the satellite behind all that it did before. That the pod reads so by itself says nothing: what was asked for
    /// before may still be on its way.
    /// </summary>
    public const string DoneAnnotation = "orrery.dev/pod-changes-done";

    /// <summary>Stands where a container's name does: no container has it.</summary>
    private const string Whole = "";

    private const string EphemeralList = "ephemeralContainers";

    public PodMetadata Metadata { get; init; } = PodMetadata.None;

    public bool IsEmpty => Ephemeral.Count == 0 && Resources.Count == 0 && Metadata.IsEmpty;

    /// <param name="original">The pod as it is in its data plane.</param>
    /// <param name="asked">What shows how it is wanted: the mirrored pod, and the pod that a tenant placed itself, if it is of one.</param>
    /// <param name="resized">Whether somebody changed what the mirrored pod asks for; otherwise it is the data plane that differs.</param>
    public static PodChanges Between(JsonObject original, IReadOnlyList<KubeObject> asked, bool resized)
    {
        HashSet<string> there = [.. Containers(original, EphemeralList).Select(NameOf)];
        var ephemeral = new JsonArray();
        foreach (JsonObject container in asked.SelectMany(p => Containers(p.ToJsonObject(), EphemeralList)))
        {
            if (there.Add(NameOf(container)))
            {
                ephemeral.Add((JsonNode)container.DeepClone());
            }
        }

        return new PodChanges(original.Uid, ephemeral, resized ? Differing(original, asked[0].ToJsonObject()) : []);
    }

    /// <summary>The resources of the containers, and of the pod as a whole, that are otherwise in <paramref name="wanted"/>.</summary>
    public static JsonObject Differing(JsonObject original, JsonObject wanted)
    {
        var resources = new JsonObject();
        if (!IsSame(original.NodeAt("spec", "resources"), wanted.NodeAt("spec", "resources")))
        {
            resources[Whole] = wanted.NodeAt("spec", "resources")?.DeepClone() ?? new JsonObject();
        }

        foreach (JsonObject container in Containers(wanted, "containers"))
        {
            if (Containers(original, "containers").FirstOrDefault(c => NameOf(c) == NameOf(container)) is { } present
                && !IsSame(present["resources"], container["resources"]))
            {
                resources[NameOf(container)] = container["resources"]?.DeepClone() ?? new JsonObject();
            }
        }

        return resources;
    }

    /// <returns>Null when nothing is asked, or not readably so.</returns>
    public static PodChanges? Of(KubeObject observation)
    {
        if (!observation.Annotations.TryGetValue(Annotation, out string? text))
        {
            return null;
        }

        try
        {
            return JsonNode.Parse(text) is JsonObject json && json.TextAt("uid") is { } uid
                ? new PodChanges(uid, json[EphemeralList] as JsonArray ?? [], json["resources"] as JsonObject ?? []) { Metadata = json["metadata"] is JsonObject metadata ? PodMetadata.Of(metadata) : PodMetadata.None }
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>What was asked for last, where it is done; null where it is not, or nothing was.</summary>
    public static PodChanges? DoneOf(KubeObject observation) =>
        observation.Annotations.GetValueOrDefault(Annotation) is { } text && observation.Annotations.GetValueOrDefault(DoneAnnotation) == DigestOf(text) ? Of(observation) : null;

    /// <param name="text">The value of <see cref="Annotation"/>.</param>
    public static string DigestOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16];

    /// <summary>What of it is still to be done.</summary>
    public PodChanges LeftOf(KubeObject live)
    {
        JsonObject json = live.ToJsonObject();
        HashSet<string> there = [.. Containers(json, EphemeralList).Select(NameOf)];
        var resources = new JsonObject();
        foreach ((string name, JsonNode? wanted) in Resources)
        {
            JsonNode? of = name == Whole ? json["spec"] : Containers(json, "containers").FirstOrDefault(c => NameOf(c) == name);
            if (of is not null && !IsSame(of["resources"], wanted))
            {
                resources[name] = wanted?.DeepClone();
            }
        }

        return this with { Ephemeral = new JsonArray([.. Ephemeral.OfType<JsonObject>().Where(c => !there.Contains(NameOf(c))).Select(c => c.DeepClone())]), Resources = resources, Metadata = Metadata.LeftOf(json) };
    }

    public string ToText()
    {
        var json = new JsonObject { ["uid"] = Uid, [EphemeralList] = Ephemeral.DeepClone(), ["resources"] = Resources.DeepClone() };
        if (!Metadata.IsEmpty)
        {
            json["metadata"] = Metadata.ToJson();
        }

        return json.ToJsonString();
    }

    /// <summary>A merge patch of the pod.</summary>
    public JsonObject MetadataPatch()
    {
        JsonObject metadata = Metadata.ToJson();
        metadata["uid"] = Uid;
        return new JsonObject { ["metadata"] = metadata };
    }

    /// <summary>A strategic merge patch for the subresource <c>ephemeralcontainers</c>.</summary>
    public JsonObject EphemeralPatch() => new() { ["metadata"] = new JsonObject { ["uid"] = Uid }, ["spec"] = new JsonObject { [EphemeralList] = Ephemeral.DeepClone() } };

    /// <summary>A strategic merge patch for the subresource <c>resize</c>.</summary>
    public JsonObject ResizePatch() => ResizePatch(Uid, Resources, "replace");

    /// <summary>Such a patch, for what <see cref="Differing"/> says.</summary>
    /// <param name="directive">What becomes of amounts that are not named; null leaves them.</param>
    public static JsonObject ResizePatch(string uid, JsonObject differing, string? directive = null)
    {
        var spec = new JsonObject();
        var containers = new JsonArray();
        foreach ((string name, JsonNode? wanted) in differing)
        {
            JsonObject resources = wanted!.DeepClone().AsObject();
            if (directive is not null)
            {
                resources["$patch"] = directive;
            }

            if (name == Whole)
            {
                spec["resources"] = resources;
            }
            else
            {
                containers.Add((JsonNode)new JsonObject { ["name"] = name, ["resources"] = resources });
            }
        }

        if (containers.Count > 0)
        {
            spec["containers"] = containers;
        }

        return new JsonObject { ["metadata"] = new JsonObject { ["uid"] = uid }, ["spec"] = spec };
    }

    private static bool IsSame(JsonNode? left, JsonNode? right) => JsonNode.DeepEquals(left ?? new JsonObject(), right ?? new JsonObject());

    private static string NameOf(JsonObject container) => container.TextAt("name") ?? "";

    private static IEnumerable<JsonObject> Containers(JsonObject pod, string list) => pod.NodeAt("spec", list) is JsonArray items ? items.OfType<JsonObject>() : [];
}
