using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Server.Discovery;

/// <summary>What <c>/version</c> answers: the Kubernetes API that is served, and which build of Orrery serves it.</summary>
internal static class ServerVersion
{
    /// <summary>Minor version of the Kubernetes API.</summary>
    public const int Minor = 36;

    /// <summary>The plus sign of a build stands as itself: some read the answer as text.</summary>
    private static readonly JsonSerializerOptions EncodeOptions = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonObject Answer = new()
    {
        ["major"] = "1",
        ["minor"] = Minor.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["emulationMajor"] = "1",
        ["emulationMinor"] = Minor.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["minCompatibilityMajor"] = "1",
        ["minCompatibilityMinor"] = (Minor - 1).ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["gitVersion"] = $"v1.{Minor}.0+orrery-{typeof(ServerVersion).Assembly.GetName().Version?.ToString(3)}",
        ["gitCommit"] = Commit(),
        ["gitTreeState"] = "",
        ["buildDate"] = "1970-01-01T00:00:00Z",
        ["goVersion"] = "",
        ["compiler"] = RuntimeInformation.FrameworkDescription,
        ["platform"] = $"linux/{RuntimeInformation.ProcessArchitecture switch { Architecture.X64 => "amd64", Architecture.Arm64 => "arm64", var other => other.ToString().ToLowerInvariant() }}",
    };

    public static readonly DiscoveryDocument Document = DiscoveryDocument.Of(JsonSerializer.SerializeToUtf8Bytes(Answer, EncodeOptions));

    /// <summary>What of it labels a metric, by the labels' names.</summary>
    public static readonly (string Name, string Value)[] Labels =
    [
        .. new[] { ("build_date", "buildDate"), ("compiler", "compiler"), ("git_commit", "gitCommit"), ("git_tree_state", "gitTreeState"), ("git_version", "gitVersion"),
            ("go_version", "goVersion"), ("major", "major"), ("minor", "minor"), ("platform", "platform") }.Select(l => (l.Item1, Answer[l.Item2]!.GetValue<string>())),
    ];

    /// <summary>The build writes it behind a plus sign; empty in a build outside of version control.</summary>
    private static string Commit()
    {
        string informational = typeof(ServerVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";
        int plus = informational.IndexOf('+', StringComparison.Ordinal);
        return plus < 0 ? "" : informational[(plus + 1)..];
    }
}
