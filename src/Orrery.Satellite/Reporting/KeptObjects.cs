using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Applying;

namespace Orrery.Satellite.Reporting;

/// <summary>Says for people what stays in the cluster though the control plane does not want it: what a backup does not know of, and what another control plane left.</summary>
/// <param name="unwanted">What runs in the cluster that the control plane does not want.</param>
/// <param name="ofOthers">What other control planes had applied, with what they are called.</param>
internal sealed class KeptObjects(SatelliteContext context, Informer nodes, Func<IReadOnlyList<KubeObject>> unwanted, Func<IEnumerable<(string ControlPlane, KubeObject Live)>> ofOthers)
{
    /// <summary>How many of the objects that are kept are named.</summary>
    private const int Named = 10;

    /// <summary>Of what is there since a backup; null when nothing is kept for one.</summary>
    public async Task<string?> RestoredAsync(CancellationToken cancellationToken)
    {
        if (context.IsByCopy || !await context.Restoration.HoldsAsync(cancellationToken).ConfigureAwait(false) || context.Restoration.Restored is not { } taken)
        {
            return null;
        }

        IReadOnlyList<KubeObject> kept = unwanted();
        return $"the control plane was restored from a backup of {taken}; what it does not know of is kept until 'orrery data-plane confirm {context.Options.DataPlane}': "
            + (kept.Count == 0 ? "nothing" : $"{kept.Count} objects ({Names(kept)})");
    }

    /// <summary>Of what other control planes left; null where there is nothing.</summary>
    public string? LeftBehind()
    {
        IEnumerable<(string ControlPlane, KubeObject Live)> holders = context.Namespaces.All().Where(NamespaceMarks.IsMapped).Concat(nodes.All().Where(n => n.Labels.ContainsKey(OrreryNames.TenantLabel)))
            .Where(context.Served.IsAnothers).Select(n => (ControlPlaneMarks.NameOn(n), n));
        string[] left = [.. ofOthers().Concat(holders).Where(o => !o.Live.IsDeleting).DistinctBy(o => o.Live.Uid).GroupBy(o => o.ControlPlane, o => o.Live).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g =>
        {
            int spaces = g.Count(o => o.Kind == "Namespace");
            return $"{g.Count() - spaces} objects and {spaces} namespaces of {ServedControlPlane.Describe(g.Key)}: {Names([.. g])}";
        })];
        return left.Length == 0 ? null
            : $"left alone here: {string.Join("; ", left)}; the cluster's owner has them removed by naming the control plane as '{Policy.SatellitePolicy.RemoveOfKey}' in the ConfigMap {JoinNames.SystemNamespace}/{Policy.PolicyWatch.Name}";
    }

    private static string Names(IReadOnlyList<KubeObject> objects) =>
        string.Join(", ", objects.Select(o => o.Namespace.Length > 0 ? $"{o.Kind} {o.Namespace}/{o.Name}" : $"{o.Kind} {o.Name}").Order(StringComparer.Ordinal).Take(Named)) + (objects.Count > Named ? ", …" : "");
}
