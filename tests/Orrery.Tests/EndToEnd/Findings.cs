using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Orrery.Tests.EndToEnd;

/// <summary>What can be known of an installation from outside, for a failure that nobody will see a second time: its logs, what its processes do, and what the machine is busy with.</summary>
internal static class Findings
{
    private const int Lines = 40;

    public static string Of(string folder)
    {
        var text = new StringBuilder();
        foreach (string log in Files(folder, "*.log"))
        {
            text.Append("== ").AppendLine(Path.GetFileName(log)).AppendJoin('\n', Read(log).Split('\n').TakeLast(Lines)).AppendLine();
        }

        foreach (string record in Files(folder, "*.json").Where(f => Path.GetFileName(Path.GetDirectoryName(f)) == "run"))
        {
            text.Append("== ").Append(Path.GetFileNameWithoutExtension(record)).Append(' ').AppendLine(Process(record));
        }

        foreach (string file in (string[])["loadavg", "pressure/cpu", "pressure/io", "pressure/memory", "net/sockstat"])
        {
            text.Append("== ").AppendLine(file).AppendLine(Read("/proc/" + file).TrimEnd());
        }

        return text.ToString();
    }

    /// <summary>State, times in hundredths of a second, and where each of its threads waits.</summary>
    private static string Process(string record)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(Read(record));
            string folder = string.Create(CultureInfo.InvariantCulture, $"/proc/{json.RootElement.EnumerateObject().First(p => string.Equals(p.Name, "pid", StringComparison.OrdinalIgnoreCase)).Value.GetInt32()}");
            string stat = Read(folder + "/stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            IEnumerable<string> threads = Directory.Exists(folder + "/task") ? Directory.GetDirectories(folder + "/task").Select(t => $"{Read(t + "/comm").Trim()}:{Read(t + "/wchan").Trim()}") : [];
            return fields.Length > 12 ? $"state {fields[0]}, user {fields[11]}, system {fields[12]}, threads {string.Join(' ', threads.CountBy(t => t).Select(t => $"{t.Value}x{t.Key}"))}" : "does not run";
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException or IOException)
        {
            return unreadable.Message;
        }
    }

    private static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder, pattern, SearchOption.AllDirectories).Order(StringComparer.Ordinal) : [];

    /// <summary>Others write it, or end, just now.</summary>
    private static string Read(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(file);
            return reader.ReadToEnd();
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
