using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Orrery.Simulator.Kubelets;

/// <summary>
/// What running a container comes to. Nothing is run: <c>sleep N</c>, <c>exit N</c> and <c>false</c> in a command are understood. Anything else runs for the configured time and succeeds, or, in a pod
/// that is restarted for ever, runs for ever: there a command ends only where all of it is understood, as loops do not.
/// </summary>
/// <param name="Runs">Null: for ever.</param>
internal sealed partial record ContainerProgram(TimeSpan? Runs, int ExitCode)
{
    /// <param name="usual">How long one runs that does not sleep.</param>
    /// <param name="isService">It is meant to run for ever (<c>restartPolicy: Always</c>).</param>
    public static ContainerProgram Of(JsonElement container, TimeSpan usual, bool isService)
    {
        string line = Shell().Replace(string.Join(' ', Words(container, "command").Concat(Words(container, "args"))), "");
        string[] parts = line.Split([';', '&'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (isService && (parts.Length == 0 || !parts.All(part => Understood().IsMatch(part))))
        {
            return new ContainerProgram(null, 0);
        }

        TimeSpan runs = Sleep().Match(line) is { Success: true } sleep ? TimeSpan.FromSeconds(double.Parse(sleep.Groups[1].Value, CultureInfo.InvariantCulture)) : usual;
        int exit = Exit().Match(line) is { Success: true } match ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)
            : False().IsMatch(line) ? 1 : 0;
        return new ContainerProgram(runs, exit);
    }

    private static IEnumerable<string> Words(JsonElement container, string name) =>
        container.TryGetProperty(name, out JsonElement list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray().Select(w => w.GetString() ?? "") : [];

    [GeneratedRegex(@"^(?:/bin/)?(?:ba)?sh -e?c ")]
    private static partial Regex Shell();

    [GeneratedRegex(@"^(?:(?:sleep|exit) [\d.]+|(?:/bin/)?false|echo [^|>]*)$")]
    private static partial Regex Understood();

    [GeneratedRegex(@"(?:^|[\s;&])sleep (\d{1,7}(?:\.\d{1,3})?)(?:$|[\s;&])")]
    private static partial Regex Sleep();

    [GeneratedRegex(@"(?:^|[\s;&])exit (\d{1,3})(?:$|[\s;&])")]
    private static partial Regex Exit();

    [GeneratedRegex(@"(?:^|[\s;&/])false$")]
    private static partial Regex False();
}
