using System.Collections;
using System.Runtime.InteropServices;
using System.Text;

namespace Orrery.Serving;

/// <summary>
/// Settings that the runtime reads once, at its start, and that one part of this program wants otherwise than the others. To have them it starts itself anew, in the same process.
/// </summary>
internal static partial class RuntimeSettings
{
    /// <summary>
    /// For an agent that idles beside somebody's production. Code is not counted and not compiled again by what was seen of it, which an idle process goes on with for hours and keeps twice what it
    /// compiles for; and what is allocated is collected 2 MiB at a time (in hexadecimal), by the thread that allocates.
    /// </summary>
    public static readonly IReadOnlyDictionary<string, string> Small = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["DOTNET_TieredCompilation"] = "0",
        ["DOTNET_GCgen0size"] = "200000",
        ["DOTNET_gcConcurrent"] = "0",
    };

    /// <summary>Returns in a process that has them; what its owner has set otherwise stays so. Where it cannot be done, in one that is only larger.</summary>
    public static void Ensure(IReadOnlyDictionary<string, string> settings)
    {
        Dictionary<string, string> environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? "", StringComparer.Ordinal);
        if (!OperatingSystem.IsLinux() || Environment.ProcessPath is not { } self || With(settings, environment) is not { } wanted)
        {
            return;
        }

        // Each argument ends with a zero; the last may be empty.
        string[] arguments = Encoding.UTF8.GetString(File.ReadAllBytes("/proc/self/cmdline")).Split('\0')[..^1];
        _ = Execute(self, [.. arguments, null], [.. wanted.Select(e => $"{e.Key}={e.Value}"), null]);
    }

    /// <summary>An environment with the settings; null when there is nothing to add. What stands there already is its owner's.</summary>
    internal static IReadOnlyDictionary<string, string>? With(IReadOnlyDictionary<string, string> settings, IReadOnlyDictionary<string, string> environment)
    {
        var wanted = new Dictionary<string, string>(environment, StringComparer.Ordinal);
        return settings.Count(s => wanted.TryAdd(s.Key, s.Value)) > 0 ? wanted : null;
    }

    /// <summary>Returns only when it fails.</summary>
    [LibraryImport("libc", EntryPoint = "execve", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string path, string?[] arguments, string?[] environment);
}
