using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Bundles;

namespace Orrery.Controllers.Installations;

/// <summary>What data planes say of themselves in their DataPlane.</summary>
internal sealed class ClusterFacts(Informer dataPlanes) : IClusterFacts
{
    public Task<RenderTarget> TargetAsync(InstallationPlan plan, DataPlane dataPlane, Bundle bundle, int revision, bool isUpgrade, CancellationToken cancellationToken)
    {
        string? version = dataPlanes.Get(ClusterName.Root, "", dataPlane.Name)?.TextAt("status", "kubernetesVersion");
        return Task.FromResult(new RenderTarget(plan.Installation.Name, plan.TargetNamespace, plan.IsVendors, version, null, revision, isUpgrade));
    }
}
