using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Orrery.Commands.Objects;

/// <summary><c>--maintenance-window</c>: when alone what is installed may be changed, in a line for each window.</summary>
internal static partial class WindowField
{
    private const string Path = "spec.maintenanceWindows";
    private const string Any = "any";
    private const string Unset = "unset";
    private const int MinutesOfDay = 24 * 60;

    /// <param name="what">What may be changed then, such as "what is installed of it".</param>
    public static ObjectField Of(string what)
    {
        const string name = "--maintenance-window";
        var option = new Option<string[]>(name)
        {
            Description = $"When alone {what} may be changed; all windows that there are to be. 'Sat,Sun 22:00-02:00 Europe/Paris': without days on every day, without a time zone in UTC. '{Any}' for at any time, '{Unset}' to say nothing here.",
            HelpName = "[DAYS] HH:MM-HH:MM [ZONE]",
        };
        return ObjectField.Of(option, (said, body) => ObjectField.Put(body, Path, said is [Unset] ? null : said is [Any] ? [] : new JsonArray([.. said.Select(s => (JsonNode)Window(name, s))])));
    }

    /// <exception cref="CommandFailedException">It is none.</exception>
    internal static JsonObject Window(string name, string text)
    {
        Match match = Form().Match(text.Trim());
        if (!match.Success || !Time(match.Groups["from"].Value, out TimeOnly from) || !Time(match.Groups["to"].Value, out TimeOnly to))
        {
            throw new CommandFailedException($"{name}: '{text}' is not of the form [DAYS] HH:MM-HH:MM [ZONE], such as 'Sat,Sun 22:00-02:00 Europe/Paris'");
        }

        var window = new JsonObject();
        if (match.Groups["days"].Value is { Length: > 0 } days)
        {
            window["days"] = new JsonArray([.. days.Split(',').Select(d => Day(name, d)).Distinct().Select(d => (JsonNode)JsonValue.Create(d.ToString())!)]);
        }

        // One that ends when it begins is a day long.
        int minutes = (int)(to - from).TotalMinutes;
        window["start"] = from.ToString("HH:mm", CultureInfo.InvariantCulture);
        window["durationMinutes"] = minutes > 0 ? minutes : minutes + MinutesOfDay;
        if (match.Groups["zone"].Value is { Length: > 0 } zone)
        {
            window["timeZone"] = zone;
        }

        return window;
    }

    private static bool Time(string text, out TimeOnly time) => TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out time);

    private static DayOfWeek Day(string name, string text)
    {
        DayOfWeek[] meant = text.Length < 3 ? [] : [.. Enum.GetValues<DayOfWeek>().Where(d => d.ToString().StartsWith(text, StringComparison.OrdinalIgnoreCase))];
        return meant is [var day] ? day : throw new CommandFailedException($"{name}: '{text}' is no day; there are {string.Join(", ", Enum.GetNames<DayOfWeek>())}");
    }

    [GeneratedRegex(@"^((?<days>[A-Za-z,]+)\s+)?(?<from>[0-9:]+)-(?<to>[0-9:]+)(\s+(?<zone>\S+))?$", RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}
