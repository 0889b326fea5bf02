using System.Text.Json;
using Orrery.Api;

namespace Orrery.Simulator.Kubelets;

/// <summary>Finds the container of a pod that a stream is for.</summary>
internal static class RunningContainer
{
    /// <param name="name">Null or empty takes the first, as kubectl's default does.</param>
    /// <exception cref="StatusException">There is no such container, or it does not run.</exception>
    public static (string Name, JsonElement Spec) Of(KubeObject pod, string? name)
    {
        JsonElement[] all = [.. Items(pod.At("spec", "containers")), .. Items(pod.At("spec", "ephemeralContainers"))];
        JsonElement spec = all.FirstOrDefault(c => string.IsNullOrEmpty(name) || c.GetProperty("name").ValueEquals(name));
        if (spec.ValueKind == JsonValueKind.Undefined)
        {
            throw ApiErrors.BadRequest($"container {name} is not valid for pod {pod.Name}");
        }

        string chosen = spec.GetProperty("name").GetString()!;
        bool runs = Items(pod.At("status", "containerStatuses")).Concat(Items(pod.At("status", "ephemeralContainerStatuses"))).Any(s => s.GetProperty("name").ValueEquals(chosen) && s.GetProperty("state").TryGetProperty("running", out _));
        return runs ? (chosen, spec) : throw ApiErrors.InternalError($"unable to upgrade connection: container not found (\"{chosen}\")");
    }

    private static IEnumerable<JsonElement> Items(JsonElement? list) => list is { ValueKind: JsonValueKind.Array } items ? items.EnumerateArray() : [];

    /// <summary>Variables that the manifest gives by value, and those of every container.</summary>
    public static Dictionary<string, string> Environment(KubeObject pod, JsonElement spec)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["HOME"] = "/root",
            ["HOSTNAME"] = pod.Name,
            ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        };
        if (spec.TryGetProperty("env", out JsonElement env) && env.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement variable in env.EnumerateArray())
            {
                if (variable.TryGetProperty("value", out JsonElement value) && value.ValueKind == JsonValueKind.String)
                {
                    variables[variable.GetProperty("name").GetString()!] = value.GetString()!;
                }
            }
        }

        return variables;
    }
}
