using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Placement;

/// <summary>
/// Has the labels of a virtual cluster's namespace carried onto the namespaces that it is mapped to, by which what selects namespaces selects there. What is
/// wanted stands on the Observation of the mapped namespace; its satellite brings it about.
/// </summary>
internal sealed class NamespaceLabelController : IController, IReconciler<ObjectKey>
{
    private const string ByNamespace = "labels-namespace";
    private static readonly TimeSpan PausedLook = TimeSpan.FromMinutes(1);

    private readonly ControllerContext context;
    private readonly Informer observations;
    private readonly Informer namespaces;
    private readonly ReconcilerHost<ObjectKey> host;

    public NamespaceLabelController(ControllerContext context, SourceInformers sources)
    {
        this.context = context;
        namespaces = sources.Namespaces;
        observations = context.RootInformers.For(OrreryResources.Observations).AddIndex(ByNamespace, o => Of(o) is { } source ? [Index(source.Cluster, source.Name)] : []);
        host = context.Host(
            "namespace-labels", this, [observations, namespaces, .. context.Fleet.Needs],
            () => observations.All().Where(o => Of(o) is not null).Select(ObjectKey.Of),
            workers: 2);
        observations.Subscribe(change =>
        {
            if (change.Current is { } observation && Of(observation) is not null)
            {
                host.Queue.Add(change.Key);
            }
        });
        namespaces.Subscribe(change =>
        {
            foreach (KubeObject observation in observations.ByIndex(ByNamespace, Index(change.Key.Cluster, change.Key.Name)))
            {
                host.Queue.Add(ObjectKey.Of(observation));
            }
        });
    }

    public Task RunAsync(CancellationToken cancellationToken) => host.RunAsync(cancellationToken);

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        // 1. What it stands for: that very namespace, not another of its name.
        if (observations.Get(key) is not { } observation || Of(observation) is not { } source
            || namespaces.Get(source.Cluster, "", source.Name) is not { IsDeleting: false } ns
            || Incarnation.Parse(observation.TextAt("spec", "object", "metadata", "annotations", OrreryNames.IncarnationAnnotation))?.Namespace != ns.Uid)
        {
            return ReconcileResult.Done;
        }

        // 2. Most namespaces have no labels but their name, and never had.
        string? said = observation.Annotations.GetValueOrDefault(OrreryNames.NamespaceLabelsAnnotation);
        SortedDictionary<string, string> labels = CarriedLabels.Of(ns.Labels);
        string wanted = new JsonObject(labels.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value))).ToJsonString();
        if (said == wanted || (said is null && labels.Count == 0))
        {
            return ReconcileResult.Done;
        }

        if (context.Fleet.Current.DataPlane(key.Namespace[OrreryNames.DataPlaneNamespacePrefix.Length..]) is { Paused: true })
        {
            return ReconcileResult.After(PausedLook);
        }

        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["uid"] = observation.Uid, ["annotations"] = new JsonObject { [OrreryNames.NamespaceLabelsAnnotation] = wanted } },
        };
        observations.Observe(await context.Root.PatchAsync(
            OrreryResources.Observations, observation.Namespace, observation.Name, PatchKind.Merge, patch, cancellationToken).ConfigureAwait(false));
        return ReconcileResult.Done;
    }

    /// <returns>Null for an Observation of anything but a mapped namespace.</returns>
    private static SourceReference? Of(KubeObject observation) => SourceReference.Of(observation) is { Kind: "Namespace", Cluster.IsRoot: false } source ? source : null;

    private static string Index(ClusterName cluster, string ns) => $"{cluster}/{ns}";
}
