using Orrery.Api.Kinds;
using Orrery.Controllers.Bundles;
using Orrery.Helm;

namespace Orrery.Controllers.Installations;

/// <summary>What rendering asks about a data plane.</summary>
internal interface IClusterFacts
{
    /// <summary>What a bundle is rendered for.</summary>
    /// <param name="bundle">A chart may be allowed to look things up.</param>
    /// <exception cref="BundleException">The data plane must be asked and does not answer.</exception>
    Task<RenderTarget> TargetAsync(InstallationPlan plan, DataPlane dataPlane, Bundle bundle, int revision, bool isUpgrade, CancellationToken cancellationToken);

    /// <summary>Asks the data plane what a chart looks up. A tenant's installation is told of its own namespace alone.</summary>
    /// <exception cref="BundleException">The data plane cannot be asked now.</exception>
    Task LookUpAsync(InstallationPlan plan, DataPlane dataPlane, LookupQuery query, LookupAnswers answers, CancellationToken cancellationToken);
}
