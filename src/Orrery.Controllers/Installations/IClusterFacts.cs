using Orrery.Api.Kinds;
using Orrery.Controllers.Bundles;

namespace Orrery.Controllers.Installations;

/// <summary>What rendering asks about a data plane.</summary>
internal interface IClusterFacts
{
    /// <summary>What a bundle is rendered for.</summary>
    /// <param name="bundle">A chart may be allowed to look things up.</param>
    /// <exception cref="BundleException">The data plane must be asked and does not answer.</exception>
    Task<RenderTarget> TargetAsync(InstallationPlan plan, DataPlane dataPlane, Bundle bundle, int revision, bool isUpgrade, CancellationToken cancellationToken);
}
