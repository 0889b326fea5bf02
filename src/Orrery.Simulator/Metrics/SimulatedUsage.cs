using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Simulator.Metrics;

/// <summary>What a simulated container uses: a share of what it asks for, fixed by its name, so that the same demo shows the same figures. Pure.</summary>
internal readonly record struct SimulatedUsage(long MilliCpu, long MemoryKi)
{
    /// <summary>What a node uses for itself.</summary>
    public static readonly SimulatedUsage Idle = new(120, 512 * 1024);

    private const long UnaskedMilliCpu = 20;
    private const long UnaskedMemoryKi = 64 * 1024;

    /// <summary>A tenth to six tenths of the CPU, three to eight tenths of the memory, and never more than the limits.</summary>
    /// <param name="requests">Null or empty counts as a little.</param>
    public static SimulatedUsage Of(string pod, string container, IReadOnlyDictionary<string, Quantity> requests, IReadOnlyDictionary<string, Quantity> limits)
    {
        byte[] chance = SHA256.HashData(Encoding.UTF8.GetBytes($"{pod}/{container}"));
        long cpu = requests.TryGetValue("cpu", out Quantity asked) ? asked.MilliValue : UnaskedMilliCpu;
        long memory = requests.TryGetValue("memory", out asked) ? asked.Value / 1024 : UnaskedMemoryKi;
        var usage = new SimulatedUsage(Math.Max(1, cpu * (10 + (chance[0] % 51)) / 100), Math.Max(1024, memory * (30 + (chance[1] % 51)) / 100));
        return new SimulatedUsage(
            limits.TryGetValue("cpu", out Quantity most) ? Math.Min(usage.MilliCpu, most.MilliValue) : usage.MilliCpu,
            limits.TryGetValue("memory", out most) ? Math.Min(usage.MemoryKi, most.Value / 1024) : usage.MemoryKi);
    }

    /// <summary>Of each container of a pod, by name.</summary>
    public static IEnumerable<(string Name, SimulatedUsage Usage)> OfContainers(KubeObject pod) =>
        from container in pod.At("spec", "containers") is { ValueKind: JsonValueKind.Array } all ? [.. all.EnumerateArray()] : Array.Empty<JsonElement>()
        let name = container.GetProperty("name").GetString()!
        let resources = container.TryGetProperty("resources", out JsonElement found) ? (JsonElement?)found : null
        select (name, Of($"{pod.Namespace}/{pod.Name}", name, Amounts(resources, "requests"), Amounts(resources, "limits")));

    private static IReadOnlyDictionary<string, Quantity> Amounts(JsonElement? resources, string part) =>
        KindJson.Quantities(resources is { ValueKind: JsonValueKind.Object } all && all.TryGetProperty(part, out JsonElement amounts) ? amounts : null);

    public static SimulatedUsage operator +(SimulatedUsage left, SimulatedUsage right) => new(left.MilliCpu + right.MilliCpu, left.MemoryKi + right.MemoryKi);
}
