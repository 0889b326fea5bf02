using System.Globalization;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Recording;

/// <summary>Reads the owner's record out of a cluster.</summary>
public static class RecordReader
{
    internal const string Prefix = "satellite-log-";
    internal const string Label = "orrery.dev/satellite-log";
    internal const string Member = "log";

    /// <returns>The oldest first.</returns>
    /// <exception cref="StatusException">The cluster does not let the caller.</exception>
    public static async Task<IReadOnlyList<RecordPart>> ReadAsync(KubeClient cluster, CancellationToken cancellationToken)
    {
        KubeList found = await cluster.ListAsync(ClusterResources.ConfigMaps, JoinNames.SystemNamespace, new ListQuery { LabelSelector = Label }, cancellationToken).ConfigureAwait(false);
        return [.. found.Items.Select(c => new RecordPart(NumberOf(c.Name), c.TextAt("data", Member) ?? "") { Version = c.ResourceVersion }).Where(p => p.Number > 0).OrderBy(p => p.Number)];
    }

    internal static string NameOf(long number) => Prefix + number.ToString("d8", CultureInfo.InvariantCulture);

    private static long NumberOf(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal) && long.TryParse(name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : 0;
}
