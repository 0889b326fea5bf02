using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;

namespace Orrery.Controllers.VirtualSites;

/// <summary>Says which data planes a virtual site selects now.</summary>
internal sealed class VirtualSiteReconciler(KubeClient root, Informer sites, FleetDirectory fleet, TimeProvider time) : IReconciler<string>
{
    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        if (sites.Get(ClusterName.Root, "", key) is not { IsDeleting: false } site)
        {
            return ReconcileResult.Done;
        }

        VirtualSite selection = VirtualSite.From(site);
        string[] selected = [.. fleet.Current.DataPlanes.Where(selection.Selects).Select(d => d.Name)];
        JsonObject status = OwnKinds.StatusOf(site);
        status["observedGeneration"] = site.Generation;
        status["selected"] = selected.Length;
        status["dataPlanes"] = OwnKinds.List(selected);
        Conditions.Set(
            status,
            OrreryNames.ReadyCondition,
            selected.Length > 0 ? Conditions.True : Conditions.False,
            selected.Length > 0 ? "DataPlanesSelected" : "NothingSelected",
            selected.Length > 0 ? $"selects {string.Join(", ", selected)}" : "no data plane has the labels that the selector asks for",
            time.GetUtcNow(),
            site.Generation);
        await OwnKinds.WriteStatusAsync(root, sites, site, status, cancellationToken).ConfigureAwait(false);
        return ReconcileResult.Done;
    }
}
