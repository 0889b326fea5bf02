using System.Text.Json;
using Orrery.Api;

namespace Orrery.Simulator.Ports;

/// <summary>On which ports the containers of a simulated pod answer: those that they declare, and port 80 where none declares any.</summary>
internal static class ContainerPort
{
    private const int Usual = 80;

    /// <param name="port">A number, or the name of a declared port; empty takes the first.</param>
    /// <returns>Null for a port on which nobody answers.</returns>
    public static int? Find(KubeObject pod, string port)
    {
        List<(int Number, string Name)> all = [.. All(pod)];
        return all.Where(p => port.Length == 0 || p.Name == port || p.Number.ToString(System.Globalization.CultureInfo.InvariantCulture) == port).Select(p => (int?)p.Number).FirstOrDefault();
    }

    private static IEnumerable<(int Number, string Name)> All(KubeObject pod)
    {
        bool any = false;
        if (pod.At("spec", "containers") is { ValueKind: JsonValueKind.Array } containers)
        {
            foreach (JsonElement container in containers.EnumerateArray())
            {
                if (!container.TryGetProperty("ports", out JsonElement ports) || ports.ValueKind != JsonValueKind.Array)
                {
                    continue;
                }

                foreach (JsonElement port in ports.EnumerateArray())
                {
                    any = true;
                    if (!port.TryGetProperty("protocol", out JsonElement protocol) || protocol.ValueEquals("TCP"))
                    {
                        yield return (port.GetProperty("containerPort").GetInt32(), port.TryGetProperty("name", out JsonElement name) ? name.GetString() ?? "" : "");
                    }
                }
            }
        }

        if (!any)
        {
            yield return (Usual, "");
        }
    }
}
