using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Kinds;

/// <summary>What <c>autoscaling/v1</c> cannot say of an autoscaler of v2, in annotations. Upstream: <c>pkg/apis/autoscaling/annotations.go</c>.</summary>
public static class AutoscalerAnnotations
{
    private const string Prefix = "autoscaling.alpha.kubernetes.io/";
    private const string Metrics = Prefix + "metrics", Behavior = Prefix + "behavior", CurrentMetrics = Prefix + "current-metrics", Conditions = Prefix + "conditions";

    private static readonly GroupVersionKind Kind = new("autoscaling", "v2", "HorizontalPodAutoscaler");
    private static readonly Schema V2 = BuiltinTypes.Instance.Find(Kind)!;

    /// <summary>Members of upstream's internal types, which it writes down under their Go names, each in its order.</summary>
    private static readonly string[] Directions = ["scaleUp", "scaleDown"], Rules = ["stabilizationWindowSeconds", "selectPolicy", "policies", "tolerance"], Policies = ["type", "value", "periodSeconds"];

    /// <summary>Members of <c>spec</c> and <c>status</c> as v2 has them, each where an annotation says it. One that cannot be read, or is of other types, is passed over.</summary>
    /// <param name="annotations">Null for none.</param>
    public static (JsonArray? Metrics, JsonObject? Behavior, JsonArray? CurrentMetrics, JsonArray? Conditions) Read(JsonObject? annotations) => (
        Typed("spec", "metrics", ToV2(Json(annotations, Metrics), "target")) as JsonArray,
        Typed("spec", "behavior", Json(annotations, Behavior) is JsonObject { Count: > 0 } said ? Uncapitalized(said) : null) as JsonObject,
        Typed("status", "currentMetrics", ToV2(Json(annotations, CurrentMetrics), "current")) as JsonArray,
        Typed("status", "conditions", Json(annotations, Conditions)) as JsonArray);

    /// <summary>Puts what v1 cannot say where it stands there; what is null or empty leaves no annotation.</summary>
    public static void Write(JsonObject json, IReadOnlyList<JsonObject> metrics, JsonObject? behavior, IReadOnlyList<JsonObject> currentMetrics, IReadOnlyList<JsonObject> conditions)
    {
        Put(json, Metrics, [.. metrics.Select(m => AutoscalerMetricForms.ToV1(m, "target"))]);
        Put(json, CurrentMetrics, [.. currentMetrics.Select(m => AutoscalerMetricForms.ToV1(m, "current"))]);
        Put(json, Conditions, [.. conditions.Select(c => c.DeepClone())]);
        if (behavior is not null)
        {
            json.Metadata.ObjectAt("annotations")[Behavior] = Encode(Capitalized(behavior, Directions, rules => Capitalized(
                (JsonObject)rules, Rules, member => member is JsonArray list ? new JsonArray([.. list.OfType<JsonObject>().Select(p => Capitalized(p, Policies, static v => v.DeepClone()))]) : member.DeepClone())));
        }
    }

    /// <summary>Takes them away, and with the last the map that held them.</summary>
    public static void Drop(JsonObject json)
    {
        if (json.NodeAt("metadata", "annotations") is not JsonObject annotations)
        {
            return;
        }

        bool had = false;
        foreach (string name in (string[])[Metrics, Behavior, CurrentMetrics, Conditions])
        {
            had |= annotations.Remove(name);
        }

        if (had && annotations.Count == 0)
        {
            json.Metadata.Remove("annotations");
        }
    }

    private static void Put(JsonObject json, string annotation, JsonNode[] items)
    {
        if (items.Length > 0)
        {
            json.Metadata.ObjectAt("annotations")[annotation] = Encode(new JsonArray(items));
        }
    }

    private static JsonNode? Json(JsonObject? annotations, string name)
    {
        try
        {
            return annotations?.Text(name) is { Length: > 0 } text ? JsonBody.Parse(Encoding.UTF8.GetBytes(text)) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static JsonArray? ToV2(JsonNode? list, string member) =>
        list is JsonArray items && items.All(i => i is JsonObject) ? new JsonArray([.. items.Cast<JsonObject>().Select(m => AutoscalerMetricForms.ToV2(m, member))]) : null;

    /// <summary>The member as Go's decoder would have it; null where it would not.</summary>
    private static JsonNode? Typed(string part, string member, JsonNode? value)
    {
        if (value is null)
        {
            return null;
        }

        var within = new JsonObject { [member] = value };
        try
        {
            ObjectDecoding.Builtin(new JsonObject { ["apiVersion"] = "autoscaling/v2", ["kind"] = Kind.Kind, [part] = within }, default, Kind, V2);
            return within.Remove(member, out JsonNode? typed) ? typed : null;
        }
        catch (StatusException)
        {
            return null;
        }
    }

    private static JsonObject Capitalized(JsonObject json, string[] members, Func<JsonNode, JsonNode> within) =>
        new(members.Select(m => KeyValuePair.Create(char.ToUpperInvariant(m[0]) + m[1..], json[m] is { } value ? within(value) : null)));

    /// <summary>What is null there is absent here.</summary>
    private static JsonObject Uncapitalized(JsonObject json) => new(json.Where(m => m.Value is not null && m.Key.Length > 0).DistinctBy(m => char.ToLowerInvariant(m.Key[0]) + m.Key[1..]).Select(m =>
        KeyValuePair.Create(char.ToLowerInvariant(m.Key[0]) + m.Key[1..], (JsonNode?)(m.Value switch
        {
            JsonObject inner => Uncapitalized(inner),
            JsonArray list => new JsonArray([.. list.Select(i => i is JsonObject item ? Uncapitalized(item) : i?.DeepClone())]),
            var value => value!.DeepClone(),
        }))));

    private static string Encode(JsonNode json) => Encoding.UTF8.GetString(KubeJson.ToUtf8(json));
}
