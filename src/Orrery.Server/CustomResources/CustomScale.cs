using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Server.CustomResources;

/// <summary>A Scale out of a custom resource, by the paths that its definition names (apiextensions <c>pkg/registry/customresource/etcd.go</c>).</summary>
internal static class CustomScale
{
    public static JsonObject Read(JsonObject json, ScalePaths paths)
    {
        var metadata = new JsonObject();
        foreach (string member in new[] { "name", "namespace", "uid", "resourceVersion", "creationTimestamp" })
        {
            if (json.Metadata[member] is { } value)
            {
                metadata[member] = value.DeepClone();
            }
        }

        var spec = new JsonObject();
        if (json.NumberAt(Split(paths.SpecReplicas)) is { } wanted and not 0)
        {
            spec["replicas"] = wanted;
        }

        var status = new JsonObject { ["replicas"] = json.NumberAt(Split(paths.StatusReplicas)) ?? 0 };
        if (paths.LabelSelector is { } path && json.TextAt(Split(path)) is { Length: > 0 } selector)
        {
            status["selector"] = selector;
        }

        return new JsonObject { ["kind"] = "Scale", ["apiVersion"] = "autoscaling/v1", ["metadata"] = metadata, ["spec"] = spec, ["status"] = status };
    }

    /// <exception cref="StatusException">422: a negative count.</exception>
    public static void Write(JsonObject json, JsonObject scale, ScalePaths paths)
    {
        long replicas = scale.NumberAt("spec", "replicas") ?? 0;
        if (replicas < 0)
        {
            throw ApiErrors.Invalid(new GroupKind("autoscaling", "Scale"), json.Name, [FieldError.Invalid("spec.replicas", replicas, "should be a non-negative integer")]);
        }

        string[] path = Split(paths.SpecReplicas);
        JsonObject at = json;
        foreach (string step in path[..^1])
        {
            at = at.ObjectAt(step);
        }

        at[path[^1]] = replicas;
        if (scale.TextAt("metadata", "resourceVersion") is { Length: > 0 } version)
        {
            json.Metadata["resourceVersion"] = version;
        }
    }

    /// <summary>The members that a path names.</summary>
    public static string[] Split(string path) => path.TrimStart('.').Split('.');
}
