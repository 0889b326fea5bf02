using System.Collections.Concurrent;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Tenancies;

namespace Orrery.Satellite.Applying;

/// <summary>
/// What Orrery applied to the cluster, of every kind, kept up to date by one watch a kind. The mark on the object is the only record of
/// what was applied, so nothing is lost with this process.
/// </summary>
internal sealed class AppliedObjects
{
    private const string ByWork = "work";

    private static readonly GroupVersionResource[] Autoscalers = [.. PlaceableKinds.All.Where(k => k.Kind == "HorizontalPodAutoscaler").Select(k => k.Resource)];

    private readonly SatelliteContext context;
    private readonly ConcurrentDictionary<GroupVersionResource, Lazy<Informer>> informers = new();
    private CancellationToken running;

    public AppliedObjects(SatelliteContext context)
    {
        this.context = context;
    }

    /// <summary>An object of ours changed, came or went; with the resource and, as far as known, the Work that it is of.</summary>
    public event Action<InformerChange, string>? Changed;

    /// <summary>
    /// Watches every kind that Works are usually of, and every other that anything of ours is of, so that also what is left of a Work that
    /// went meanwhile is found.
    /// </summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        running = cancellationToken;
        foreach (PlaceableKind kind in PlaceableKinds.All)
        {
            if (await context.Resources.FindAsync(kind.Resource, cancellationToken).ConfigureAwait(false) is not null)
            {
                _ = Start(kind.Resource);
            }
        }

        foreach (ApiResource served in await context.Resources.AllAsync(cancellationToken).ConfigureAwait(false))
        {
            bool isUsual = PlaceableKinds.All.Any(k => k.Resource.GroupResource == served.Resource.GroupResource);
            if (!isUsual && served.Verbs.Contains("list") && served.Verbs.Contains("watch") && await HoldsOursAsync(served.Resource, cancellationToken).ConfigureAwait(false))
            {
                _ = Start(served.Resource);
            }
        }

        await Task.WhenAll(informers.Values.Select(i => i.Value.HasSynced)).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<bool> HoldsOursAsync(GroupVersionResource resource, CancellationToken cancellationToken)
    {
        try
        {
            KubeList found = await context.Cluster.ListAsync(resource, "", new ListQuery { LabelSelector = SatelliteContext.ManagedSelector }, cancellationToken).ConfigureAwait(false);
            return found.Items.Any(o => MarkOf(o).Length > 0);
        }
        catch (StatusException e) when (e.Code is 403 or 404 or 405)
        {
            // A satellite that may not read a kind never applied any of it.
            return false;
        }
    }

    /// <summary>The informer of one kind; ready to be read.</summary>
    public async Task<Informer> ForAsync(GroupVersionResource resource, CancellationToken cancellationToken)
    {
        Informer informer = Start(resource);
        await informer.HasSynced.WaitAsync(cancellationToken).ConfigureAwait(false);
        return informer;
    }

    /// <summary>All objects with the mark of a Work; usually one.</summary>
    public IEnumerable<(GroupVersionResource Resource, KubeObject Live)> Of(string work) =>
        from informer in informers from live in informer.Value.Value.ByIndex(ByWork, work) select (informer.Key, live);

    /// <summary>Names of all Works that anything here has the mark of.</summary>
    public IEnumerable<string> Works() =>
        from informer in informers.Values from live in informer.Value.All() where MarkOf(live).Length > 0 select MarkOf(live);

    /// <summary>Whether an autoscaler that was applied beside it says how many replicas it has.</summary>
    public bool IsScaled(Manifest manifest) =>
        Autoscalers.Any(r => informers.TryGetValue(r, out Lazy<Informer>? found)
            && found.Value.InNamespace(ClusterName.Root, manifest.Namespace).Any(a =>
                !a.IsDeleting && a.TextAt("spec", "scaleTargetRef", "kind") == manifest.Kind.Kind && a.TextAt("spec", "scaleTargetRef", "name") == manifest.Name));

    public bool AnyIn(string ns) => informers.Values.Any(i => i.Value.InNamespace(ClusterName.Root, ns).Any(o => !NamespaceGuards.IsGuard(o)));

    public static string MarkOf(KubeObject live) => live.Annotations.GetValueOrDefault(OrreryNames.WorkAnnotation) ?? "";

    private Informer Start(GroupVersionResource resource) => informers.GetOrAdd(resource, r => new Lazy<Informer>(() =>
    {
        var informer = new Informer(context.Cluster, r, context.ClusterInformerOptions with { LabelSelector = SatelliteContext.ManagedSelector });
        informer.AddIndex(ByWork, o => MarkOf(o) is { Length: > 0 } work ? [work] : []);
        informer.Subscribe(change =>
        {
            Changed?.Invoke(change, MarkOf(change.Latest));
            if (change.Old is { } old && MarkOf(old) != MarkOf(change.Latest))
            {
                Changed?.Invoke(change, MarkOf(old));
            }
        });
        _ = informer.RunAsync(running);
        return informer;
    })).Value;
}
