using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Orrery.Api;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Kubelets;

/// <summary>
/// What running a pod's containers comes to. Nothing is run: <c>sleep N</c>, <c>exit N</c> and <c>false</c> in a
/// command are understood, anything else runs for the configured time and succeeds.
/// </summary>
internal sealed partial record ContainerProgram(TimeSpan Runs, int ExitCode)
{
    public static ContainerProgram Of(KubeObject pod, TimeSpan usual)
    {
        TimeSpan runs = TimeSpan.Zero;
        int exit = 0;
        if (pod.At("spec", "containers") is { ValueKind: JsonValueKind.Array } containers)
        {
            foreach (JsonElement container in containers.EnumerateArray())
            {
                string line = string.Join(' ', Words(container, "command").Concat(Words(container, "args")));
                TimeSpan takes = Sleep().Match(line) is { Success: true } sleep
                    ? TimeSpan.FromSeconds(double.Parse(sleep.Groups[1].Value, CultureInfo.InvariantCulture))
                    : usual;
                runs = takes > runs ? takes : runs;
                int code = Exit().Match(line) is { Success: true } match ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)
                    : False().IsMatch(line) ? 1 : 0;
                exit = code != 0 ? code : exit;
            }
        }

        return new ContainerProgram(runs, exit);
    }

    private static IEnumerable<string> Words(JsonElement container, string name) =>
        container.TryGetProperty(name, out JsonElement list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray().Select(w => w.GetString() ?? "") : [];

    [GeneratedRegex(@"(?:^|[\s;&])sleep (\d{1,7}(?:\.\d{1,3})?)(?:$|[\s;&])")]
    private static partial Regex Sleep();

    [GeneratedRegex(@"(?:^|[\s;&])exit (\d{1,3})(?:$|[\s;&])")]
    private static partial Regex Exit();

    [GeneratedRegex(@"(?:^|[\s;&/])false$")]
    private static partial Regex False();
}
