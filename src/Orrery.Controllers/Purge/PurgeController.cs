using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Purge;

/// <summary>Wakes <see cref="PurgeReconciler"/> when a mapped namespace is reported and when what it stands for goes.</summary>
internal sealed class PurgeController : IController
{
    private const string ByCluster = "purge-cluster";
    private const string ByInstallation = "purge-installation";

    private readonly Informer observations;
    private readonly ReconcilerHost<ObjectKey> host;

    public PurgeController(ControllerContext context, SourceInformers sources)
    {
        observations = context.RootInformers.For(OrreryResources.Observations).AddIndex(ByCluster, o => Of(o) is { } source ? [source.Cluster.ToString()] : [])
            .AddIndex(ByInstallation, o => InstallationOf(o) is { } of ? [of] : []);
        Informer virtualClusters = context.RootInformers.For(OrreryResources.VirtualClusters);
        Informer installations = context.RootInformers.For(OrreryResources.Installations);
        host = context.Host(
            "purge",
            new PurgeReconciler(
                context.Root, observations, virtualClusters, installations, sources.Namespaces, context.Fleet, context.Options.Loggers.CreateLogger("Orrery.Controllers.Purge")),
            [observations, virtualClusters, installations, sources.Namespaces, .. context.Fleet.Needs],
            () => observations.All().Where(IsMapped).Select(ObjectKey.Of),
            workers: 2);
        observations.Subscribe(change =>
        {
            if (change.Current is { } observation && IsMapped(observation))
            {
                host.Queue.Add(change.Key);
            }
        });
        virtualClusters.Subscribe(change =>
        {
            if (change.IsDeleted || change.Latest.IsDeleting)
            {
                Add(new ClusterName(change.Key.Namespace, change.Key.Name));
            }
        });
        installations.Subscribe(change =>
        {
            if (change.IsDeleted)
            {
                Add(observations.ByIndex(ByInstallation, $"{change.Key.Namespace}/{change.Key.Name}"));
            }
        });
        sources.Namespaces.Subscribe(change =>
        {
            if (change.IsDeleted)
            {
                Add(change.Key.Cluster);
            }
        });
    }

    public Task RunAsync(CancellationToken cancellationToken) => host.RunAsync(cancellationToken);

    /// <returns>Null for an Observation of anything but a mapped namespace.</returns>
    public static SourceReference? Of(KubeObject observation) => SourceReference.Of(observation) is { Kind: "Namespace", Cluster.IsRoot: false } source ? source : null;

    /// <summary>The Installation that a tenant's namespace was made for, as <c>namespace/name</c>; null for any other.</summary>
    public static string? InstallationOf(KubeObject observation) =>
        SourceReference.Of(observation) is { Kind: "Namespace", Cluster.IsRoot: true } && observation.Labels.ContainsKey(OrreryNames.TenantLabel)
        && observation.TextAt("spec", "object", "metadata", "annotations", OrreryNames.InstallationAnnotation) is { } installation && installation.Split('/').Length == 2
            ? installation
            : null;

    /// <summary>Whether it is of a namespace that was made for a virtual cluster or for a tenant's Installation.</summary>
    public static bool IsMapped(KubeObject observation) => Of(observation) is not null || InstallationOf(observation) is not null;

    private void Add(ClusterName cluster) => Add(observations.ByIndex(ByCluster, cluster.ToString()));

    private void Add(IEnumerable<KubeObject> some)
    {
        foreach (KubeObject observation in some)
        {
            host.Queue.Add(ObjectKey.Of(observation));
        }
    }
}
