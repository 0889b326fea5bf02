using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Api.Kinds;

/// <summary>
/// Labels and annotations that a tenant gave to, or took from, a mirrored pod, and that the pod itself does not have, or still has. Stands on the mirrored pod as <see cref="Annotation"/> until the
/// pod itself is so. Pure.
/// </summary>
/// <param name="Labels">By key; a null takes the label away.</param>
/// <param name="Annotations">By key; a null takes the annotation away.</param>
public sealed record PodMetadata(JsonObject Labels, JsonObject Annotations)
{
    public const string Annotation = "orrery.dev/changed-metadata";

    /// <summary>Of another value in a data plane than in the virtual cluster: what tells revisions apart, and Jobs. A tenant may take them away, and not set them.</summary>
    private static readonly string[] Translated = ["pod-template-hash", .. JobLabels];

    /// <summary>The uid of a Job, by which it selects its pods.</summary>
    public static IReadOnlyList<string> JobLabels => ["batch.kubernetes.io/controller-uid", "controller-uid"];

    public static PodMetadata None => new([], []);

    public bool IsEmpty => Labels.Count == 0 && Annotations.Count == 0;

    /// <summary>What a write changed. What is ours, or means something else in the data plane, is nobody's to change.</summary>
    public static PodMetadata Between(JsonObject old, JsonObject wanted) => new(Between(old, wanted, "labels"), Between(old, wanted, "annotations"));

    /// <param name="text">As <see cref="ToText"/> gives it; anything else is <see cref="None"/>.</param>
    public static PodMetadata Parse(string? text)
    {
        try
        {
            return text is not null && JsonNode.Parse(text) is JsonObject json ? Of(json) : None;
        }
        catch (JsonException)
        {
            return None;
        }
    }

    public static PodMetadata Of(JsonObject json) => new(Texts(json["labels"]), Texts(json["annotations"]));

    /// <summary>This, and then what came after it.</summary>
    public PodMetadata With(PodMetadata later) => new(With(Labels, later.Labels), With(Annotations, later.Annotations));

    /// <summary>What of it the pod does not have yet.</summary>
    public PodMetadata LeftOf(JsonObject pod) => new(LeftOf(Labels, pod.NodeAt("metadata", "labels")), LeftOf(Annotations, pod.NodeAt("metadata", "annotations")));

    /// <summary>
    /// What of it is still to be told, or still to come about. How the pod reads says nothing of that: what was given and soon taken away again may have been asked for already, and what came
    /// about may have been changed by somebody there since, which stays.
    /// </summary>
    /// <param name="done">What the data plane was asked for last, once that is done.</param>
    public PodMetadata Without(PodMetadata done) => new(Without(Labels, done.Labels), Without(Annotations, done.Annotations));

    public void ApplyTo(JsonObject pod)
    {
        Apply(Labels, pod.Metadata.ObjectAt("labels"));
        Apply(Annotations, pod.Metadata.ObjectAt("annotations"));
    }

    public JsonObject ToJson() => new() { ["labels"] = Labels.DeepClone(), ["annotations"] = Annotations.DeepClone() };

    public string ToText() => ToJson().ToJsonString();

    private static JsonObject Between(JsonObject old, JsonObject wanted, string member)
    {
        JsonObject before = old.NodeAt("metadata", member) as JsonObject ?? [], after = wanted.NodeAt("metadata", member) as JsonObject ?? [];
        var changed = new JsonObject();
        foreach (string key in before.Select(m => m.Key).Union(after.Select(m => m.Key)).Where(k => IsTenants(k, after[k]) && !JsonNode.DeepEquals(before[k], after[k])))
        {
            changed[key] = after[key]?.DeepClone();
        }

        return changed;
    }

    private static bool IsTenants(string key, JsonNode? value) => (value is null || !Translated.Contains(key)) && !key.StartsWith(OrreryNames.Prefix, StringComparison.Ordinal);

    private static JsonObject Texts(JsonNode? json)
    {
        var texts = new JsonObject();
        foreach ((string key, JsonNode? value) in json as JsonObject ?? [])
        {
            if (IsTenants(key, value) && (value is null || value.GetValueKind() == JsonValueKind.String))
            {
                texts[key] = value?.DeepClone();
            }
        }

        return texts;
    }

    private static JsonObject With(JsonObject first, JsonObject later)
    {
        JsonObject both = first.DeepClone().AsObject();
        foreach ((string key, JsonNode? value) in later)
        {
            both[key] = value?.DeepClone();
        }

        return both;
    }

    private static JsonObject LeftOf(JsonObject wanted, JsonNode? present)
    {
        var left = new JsonObject();
        foreach ((string key, JsonNode? value) in wanted)
        {
            if (!JsonNode.DeepEquals(value, present?[key]))
            {
                left[key] = value?.DeepClone();
            }
        }

        return left;
    }

    private static JsonObject Without(JsonObject wanted, JsonObject done)
    {
        var left = new JsonObject();
        foreach ((string key, JsonNode? value) in wanted)
        {
            if (!done.TryGetPropertyValue(key, out JsonNode? was) || !JsonNode.DeepEquals(was, value))
            {
                left[key] = value?.DeepClone();
            }
        }

        return left;
    }

    private static void Apply(JsonObject changes, JsonObject to)
    {
        foreach ((string key, JsonNode? value) in changes)
        {
            if (value is null)
            {
                to.Remove(key);
            }
            else
            {
                to[key] = value.DeepClone();
            }
        }
    }
}
