using System.Security.Cryptography;
using Orrery.Helm.Go;
using Orrery.Helm.Yaml;

namespace Orrery.Helm.Charts;

/// <summary>
/// Chart.lock: what versions a chart's dependency list came to, and a digest of both. Helm holds it against the list when it fetches dependencies, not
/// when it renders, so a stale one is told and refuses nothing.
/// </summary>
internal static class ChartLock
{
    /// <param name="wanted">The chart's dependency list.</param>
    /// <param name="lockYaml">The text of its lock file.</param>
    /// <exception cref="GoException">The lock file is no YAML, or has a field of a wrong type.</exception>
    public static bool IsStale(string apiVersion, IReadOnlyList<ChartDependency> wanted, string lockYaml)
    {
        if (YamlReader.ReadTyped(lockYaml) is not GoMap map)
        {
            return wanted.Count > 0;
        }

        string digest = new TypedFields(map, "Lock").Text("digest");
        string list = Json(wanted), locked = Json(ChartMetadata.ParseRequirements(lockYaml));
        return digest != Digest($"[{list},{locked}]")

            // As the second Helm wrote it, for charts of its time.
            && !(apiVersion == "v1" && digest == Digest($"{{\"dependencies\":{list}}}"));
    }

    private static string Json(IReadOnlyList<ChartDependency> dependencies) =>
        dependencies.Count == 0 ? "null" : $"[{string.Join(',', dependencies.Select(d => GoJson.Write(d.ToGo(d.Name))))}]";

    private static string Digest(string json) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Utf8.ToBytes(json)));
}
