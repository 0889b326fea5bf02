using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>The scale subresource of built-in workloads: an autoscaling/v1 Scale made of an object, and put back into it.</summary>
public static class Scales
{
    public static bool HasScale(GroupVersionKind kind) =>
        kind is { Group: "apps", Kind: "Deployment" or "StatefulSet" or "ReplicaSet" } or { Group: "", Kind: "ReplicationController" };

    public static JsonObject Read(GroupVersionKind kind, JsonObject o)
    {
        var metadata = new JsonObject();
        foreach (string member in new[] { "name", "namespace", "uid", "resourceVersion", "creationTimestamp" })
        {
            if (o.Metadata[member] is { } value)
            {
                metadata[member] = value.DeepClone();
            }
        }

        var spec = new JsonObject();
        if (o.NumberAt("spec", "replicas") is { } wanted and not 0)
        {
            spec["replicas"] = wanted;
        }

        var status = new JsonObject { ["replicas"] = o.NumberAt("status", "replicas") ?? 0 };
        string selector = Selector(kind, o);
        if (selector.Length > 0)
        {
            status["selector"] = selector;
        }

        return new JsonObject { ["kind"] = "Scale", ["apiVersion"] = "autoscaling/v1", ["metadata"] = metadata, ["spec"] = spec, ["status"] = status };
    }

    /// <summary>Sets the replicas that <paramref name="scale"/> asks for.</summary>
    /// <exception cref="StatusException">Invalid, for a negative count.</exception>
    public static void Write(JsonObject o, JsonObject scale)
    {
        long replicas = scale.NumberAt("spec", "replicas") ?? 0;
        if (replicas < 0)
        {
            throw ApiErrors.Invalid(new GroupKind("autoscaling", "Scale"), o.Name, [FieldError.Invalid("spec.replicas", replicas, Faults.NotNegative)]);
        }

        o.ObjectAt("spec")["replicas"] = replicas;
        if (scale.TextAt("metadata", "resourceVersion") is { Length: > 0 } version)
        {
            o.Metadata["resourceVersion"] = version;
        }
    }

    private static string Selector(GroupVersionKind kind, JsonObject o)
    {
        JsonObject spec = o.ObjectAt("spec");
        return kind.Kind == "ReplicationController"
            ? LabelSelector.FromLabels(spec.TextMap("selector")).ToString()
            : LabelSelector.FromJson(spec.Child("selector")).ToString();
    }
}
