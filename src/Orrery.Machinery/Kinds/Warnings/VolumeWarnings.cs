using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Warnings;

/// <summary>Volumes and claims on them. Upstream: <c>pkg/api/persistentvolume</c>, <c>pkg/api/persistentvolumeclaim</c>, <c>pkg/api/pod/warnings.go</c>.</summary>
internal static class VolumeWarnings
{
    public const string OldClass = "deprecated since v1.8; use \"storageClassName\" attribute instead";

    private static readonly (string Member, string Why)[] Gone =
    [
        ("photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
        ("gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
        ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
        ("flocker", "deprecated in v1.22, non-functional in v1.25+"),
        ("storageos", "deprecated in v1.22, non-functional in v1.25+"),
        ("quobyte", "deprecated in v1.22, non-functional in v1.25+"),
        ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
        ("cephfs", "deprecated in v1.28, non-functional in v1.31+"),
        ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
    ];

    public static IEnumerable<string> OfVolume(JsonObject o, JsonObject spec) =>
    [
        .. KindWarnings.OfMountOptions(o),
        .. spec.Text("persistentVolumeReclaimPolicy") == "Recycle"
            ? (string[])["spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning."] : [],
        .. (spec.Child("nodeAffinity")?.Child("required")?.Items("nodeSelectorTerms") ?? []).SelectMany((t, i) => NodeLabels.InTerm(t, $"spec.nodeAffinity.required.nodeSelectorTerms[{i}]")),
        .. OfSource(spec, "spec"),
    ];

    /// <summary>Drivers that are gone.</summary>
    public static IEnumerable<string> OfSource(JsonObject volume, string path) => Gone.Where(g => volume.Has(g.Member)).Select(g => $"{path}.{(g.Member == "storageos" ? "storageOS" : g.Member)}: {g.Why}");

    public static IEnumerable<string> OfClaim(JsonObject spec, string path) =>
    [
        .. OfBytes(spec.Child("resources")?.Child("requests"), "storage", path + ".resources.requests"),
        .. OfBytes(spec.Child("resources")?.Child("limits"), "storage", path + ".resources.limits"),
    ];

    /// <summary>Parts of a byte.</summary>
    public static IEnumerable<string> OfBytes(JsonObject? amounts, string name, string path) =>
        amounts is not null && Quantity.TryParse(amounts.Text(name), out Quantity amount) && amount.MilliValue % 1000 != 0
            ? [$"{path}[{name}]: fractional byte value \"{amount}\" is invalid, must be an integer"]
            : [];

    /// <summary>Files of one volume that lie upon one another.</summary>
    public static IEnumerable<string> OfFiles(JsonObject volume)
    {
        string name = volume.Text("name");
        IEnumerable<string> ofOne =
        [
            .. Overlaps(Paths(volume.Child("configMap")), $"volume \"{name}\" (ConfigMap \"{volume.Child("configMap")?.Text("name")}\"): overlapping paths"),
            .. Overlaps(Paths(volume.Child("secret")), $"volume \"{name}\" (Secret \"{volume.Child("secret")?.Text("secretName")}\"): overlapping paths"),
            .. Overlaps(Paths(volume.Child("downwardAPI")), $"volume \"{name}\" (DownwardAPI): overlapping paths"),
        ];
        return volume.Child("projected") is { } projected ? [.. ofOne, .. OfSources(projected, name)] : ofOne;
    }

    private static List<string> OfSources(JsonObject projected, string name)
    {
        var warnings = new List<string>();
        var all = new List<string>();
        foreach (JsonObject source in projected.Items("sources"))
        {
            (string what, string[] paths) =
                source.Child("configMap") is { } map ? ($"ConfigMap \"{map.Text("name")}\"", Paths(map))
                : source.Child("secret") is { } secret ? ($"Secret \"{secret.Text("name")}\"", Paths(secret))
                : source.Child("downwardAPI") is { } downward ? ("DownwardAPI", Paths(downward))
                : source.Child("serviceAccountToken") is { } token ? ("ServiceAccountToken", [token.Text("path")])
                : source.Child("clusterTrustBundle") is { } bundle ? ($"ClusterTrustBundle \"{(bundle.Has("name") ? bundle.Text("name") : bundle.Text("signerName"))}\"", [bundle.Text("path")])
                : ("", (string[])[]);
            if (paths.Length == 0)
            {
                continue;
            }

            string message = $"volume \"{name}\" (Projected {what}): overlapping paths";
            string[] distinct = [.. paths.Distinct(StringComparer.Ordinal)];
            warnings.AddRange(Overlaps(paths, message));
            warnings.AddRange(Overlaps([.. distinct.Concat(all).Order(StringComparer.Ordinal)], message));
            all.AddRange(distinct);
        }

        return warnings;
    }

    private static string[] Paths(JsonObject? source) => [.. (source?.Items("items") ?? []).Select(i => i.Text("path"))];

    private static List<string> Overlaps(string[] paths, string message)
    {
        var warnings = new List<string>();
        var before = new List<string>();
        foreach (string path in paths.Select(p => p.TrimEnd('/')))
        {
            if (before.Find(b => b.Length > 0 && path.Length > 0 && (b == path || (b + "/").StartsWith(path, StringComparison.Ordinal) || (path + "/").StartsWith(b, StringComparison.Ordinal))) is { } other)
            {
                warnings.Add($"{message}: \"{path}\" with \"{other}\"");
            }

            before.Add(path);
        }

        return warnings;
    }
}
