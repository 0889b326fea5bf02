using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
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
    private const string ByControlPlane = "control-plane";

    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(30);

    /// <summary>Kinds that are listed together: a cluster may be far away, and has dozens of them.</summary>
    private const int AtOnce = 8;

    private static readonly GroupVersionResource[] Autoscalers = [.. PlaceableKinds.All.Where(k => k.Kind == "HorizontalPodAutoscaler").Select(k => k.Resource)];

    private readonly SatelliteContext context;
    private readonly ConcurrentDictionary<GroupVersionResource, Lazy<Followed>> informers = new();
    private readonly ILogger logger;
    private CancellationToken running;

    /// <summary>Every control plane that anything here names, or named.</summary>
    private readonly ConcurrentDictionary<string, bool> named = new(StringComparer.Ordinal);

    /// <summary>Whether every kind could be looked at.</summary>
    private bool isWhole;

    private string said = "";

    /// <summary>Set when a resource is found not to be served.</summary>
    private volatile TaskCompletionSource signal = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public AppliedObjects(SatelliteContext context, ILogger logger)
    {
        this.context = context;
        this.logger = logger;
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
        await Task.WhenAll(PlaceableKinds.All.DistinctBy(k => k.Resource.ApiVersion).Select(k => context.Resources.FindAsync(k.Resource, cancellationToken))).ConfigureAwait(false);
        foreach (PlaceableKind kind in PlaceableKinds.All)
        {
            if (await context.Resources.FindAsync(kind.Resource, cancellationToken).ConfigureAwait(false) is not null)
            {
                _ = Start(kind.Resource);
            }
        }

        isWhole = await FindOthersAsync(cancellationToken).ConfigureAwait(false);
        await Task.WhenAll(informers.Values.Select(i => i.Value.Informer.HasSynced)).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Until cancelled: looks again for kinds that could not be looked at when it began, as what serves or converts them was down, and for those that are not served any more.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        bool isSettled = true;
        while (!cancellationToken.IsCancellationRequested)
        {
            Task unserved = signal.Task;
            using (var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
            {
                await Task.WhenAny(Task.Delay(isWhole && isSettled ? Timeout.InfiniteTimeSpan : LookAgain, context.Time, over.Token), unserved).ConfigureAwait(false);
                await over.CancelAsync().ConfigureAwait(false);
            }

            if (unserved.IsCompleted)
            {
                signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            try
            {
                isWhole = isWhole || await FindOthersAsync(cancellationToken).ConfigureAwait(false);
                isSettled = await FollowElsewhereAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (Retry.IsAway(e))
            {
                // The cluster itself is away, of which others tell.
                isSettled = false;
            }
        }
    }

    /// <summary>A resource of this group, or any (null), that was not served or could not be listed may be by now.</summary>
    public void LookNow(string? group = null)
    {
        foreach ((_, Informer informer) in Those(i => i.Refusal is not null).Where(u => group is null || u.Resource.Group == group))
        {
            informer.LookNow();
        }
    }

    /// <summary>
    /// What is not served any more in one version is followed in another that is: objects are the same in all of them. Of a resource that is served in none there is nothing.
    /// </summary>
    /// <returns>Whether that could be said of all.</returns>
    private async Task<bool> FollowElsewhereAsync(CancellationToken cancellationToken)
    {
        bool isSettled = true;
        foreach ((GroupVersionResource resource, Informer informer) in Those(i => !i.IsServed))
        {
            context.Resources.Forget(resource.Group);
            (IReadOnlyList<ApiResource> all, IReadOnlyList<string> unavailable) = await context.Resources.AllAsync(cancellationToken, g => g == resource.Group).ConfigureAwait(false);
            if (all.FirstOrDefault(r => r.Resource.GroupResource == resource.GroupResource) is not { } served)
            {
                isSettled &= unavailable.Count == 0;
                if (unavailable.Count == 0)
                {
                    informer.Forget();
                }
            }
            else if (served.Resource == resource)
            {
                informer.LookNow();
            }
            else if (await ForAsync(served.Resource, cancellationToken).ConfigureAwait(false) is { IsServed: true, HasListed: true })
            {
                Log.FollowedElsewhere(logger, resource.ToString(), served.Resource.Version);
                if (informers.TryRemove(resource, out Lazy<Followed>? former))
                {
                    await former.Value.Stop.CancelAsync().ConfigureAwait(false);
                    informer.Forget();
                }
            }
            else
            {
                isSettled = false;
            }
        }

        return isSettled;
    }

    private List<(GroupVersionResource Resource, Informer Informer)> Those(Predicate<Informer> wanted) =>
        [.. informers.Where(i => i.Value.IsValueCreated && wanted(i.Value.Value.Informer)).Select(i => (i.Key, i.Value.Value.Informer)).OrderBy(i => i.Key.ToString(), StringComparer.Ordinal)];

    /// <summary>Watches every kind beside the usual ones that anything of ours is of.</summary>
    /// <returns>False where some could not be looked at: that is no reason to leave the others.</returns>
    private async Task<bool> FindOthersAsync(CancellationToken cancellationToken)
    {
        (IReadOnlyList<ApiResource> all, IReadOnlyList<string> unavailable) = await context.Resources.AllAsync(cancellationToken).ConfigureAwait(false);
        List<string> unknown = [.. unavailable];
        IEnumerable<GroupVersionResource> others = all.Where(s => s.Verbs.Contains("list") && s.Verbs.Contains("watch") && !informers.ContainsKey(s.Resource)
            && !PlaceableKinds.All.Any(k => k.Resource.GroupResource == s.Resource.GroupResource)).Select(s => s.Resource);
        foreach (GroupVersionResource[] some in others.Chunk(AtOnce))
        {
            bool?[] held = await Task.WhenAll(some.Select(r => HoldsOursAsync(r, cancellationToken))).ConfigureAwait(false);
            for (int i = 0; i < some.Length; i++)
            {
                switch (held[i])
                {
                    case true:
                        _ = Start(some[i]);
                        break;
                    case null:
                        unknown.Add(some[i].GroupResource.ToString());
                        break;
                }
            }
        }

        string names = string.Join(", ", unknown);
        if (names != said)
        {
            said = names;
            Log.KindsUnknown(logger, names.Length > 0 ? names : "none any more");
        }

        return unknown.Count == 0;
    }

    /// <returns>Null where that cannot be said now: its API is down, or what converts its objects.</returns>
    private async Task<bool?> HoldsOursAsync(GroupVersionResource resource, CancellationToken cancellationToken)
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
        catch (Exception e) when (e is StatusException { Code: >= 500 } or TimeoutException)
        {
            return null;
        }
    }

    /// <summary>The informer of one kind; ready to be read.</summary>
    public async Task<Informer> ForAsync(GroupVersionResource resource, CancellationToken cancellationToken)
    {
        Informer informer = Start(resource);
        await informer.HasSynced.WaitAsync(cancellationToken).ConfigureAwait(false);
        return informer;
    }

    /// <summary>All objects with the mark of a Work of this control plane; usually one.</summary>
    public IEnumerable<(GroupVersionResource Resource, KubeObject Live)> Of(string work) =>
        from informer in informers from live in informer.Value.Value.Informer.ByIndex(ByWork, work) where !context.Served.IsAnothers(live) select (informer.Key, live);

    /// <summary>What other control planes had applied here, by what they are called on it.</summary>
    public IEnumerable<(string ControlPlane, KubeObject Live)> OfOthers() =>
        from name in named.Keys where context.Served.IsAnothers(name) from informer in informers.Values from live in informer.Value.Informer.ByIndex(ByControlPlane, name) select (name, live);

    /// <summary>Names of all Works of this control plane that anything here has the mark of.</summary>
    public IEnumerable<string> Works() =>
        from informer in informers.Values from live in informer.Value.Informer.All() where MarkOf(live).Length > 0 && !context.Served.IsAnothers(live) select MarkOf(live);

    /// <summary>Whether an autoscaler that was applied beside it says how many replicas it has.</summary>
    public bool IsScaled(Manifest manifest) =>
        Autoscalers.Any(r => informers.TryGetValue(r, out Lazy<Followed>? found)
            && found.Value.Informer.InNamespace(ClusterName.Root, manifest.Namespace).Any(a =>
                !a.IsDeleting && a.TextAt("spec", "scaleTargetRef", "kind") == manifest.Kind.Kind && a.TextAt("spec", "scaleTargetRef", "name") == manifest.Name));

    public bool AnyIn(string ns) => informers.Values.Any(i => i.Value.Informer.InNamespace(ClusterName.Root, ns).Any(o => !NamespaceGuards.IsGuard(o)));

    /// <summary>The first in a namespace that is such a one; null where none is.</summary>
    public ForeignObject? FirstIn(string ns, Func<KubeObject, bool> isSuch) =>
        (from informer in informers from live in informer.Value.Value.Informer.InNamespace(ClusterName.Root, ns) where isSuch(live) select new ForeignObject(informer.Key, live.Kind, ns, live.Name)).FirstOrDefault();

    public static string MarkOf(KubeObject live) => live.Annotations.GetValueOrDefault(OrreryNames.WorkAnnotation) ?? "";

    private Informer Start(GroupVersionResource resource) => informers.GetOrAdd(resource, r => new Lazy<Followed>(() =>
    {
        var informer = new Informer(context.Cluster, r, context.ClusterInformerOptions with { LabelSelector = SatelliteContext.ManagedSelector });
        informer.AddIndex(ByWork, o => MarkOf(o) is { Length: > 0 } work ? [work] : []);
        informer.AddIndex(ByControlPlane, o => MarkOf(o).Length > 0 ? [Named(ControlPlaneMarks.NameOn(o))] : []);
        informer.Unserved += () => signal.TrySetResult();
        informer.Subscribe(change =>
        {
            Changed?.Invoke(change, MarkOf(change.Latest));
            if (change.Old is { } old && MarkOf(old) != MarkOf(change.Latest))
            {
                Changed?.Invoke(change, MarkOf(old));
            }
        });
        var stop = CancellationTokenSource.CreateLinkedTokenSource(running);
        _ = informer.RunAsync(stop.Token);
        return new Followed(informer, stop);
    })).Value.Informer;

    private string Named(string controlPlane)
    {
        named.TryAdd(controlPlane, true);
        return controlPlane;
    }

    private sealed record Followed(Informer Informer, CancellationTokenSource Stop);
}
