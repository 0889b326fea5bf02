using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;
using Orrery.Controllers.Purge;

namespace Orrery.Controllers.DataPlanes;

/// <summary>Gives a data plane its namespace and its satellite's access, and says whether its satellite is heard.</summary>
internal sealed class DataPlaneReconciler(
    KubeClient root,
    Informer dataPlanes,
    Informer namespaces,
    DataPlaneInformers own,
    Heartbeats heartbeats,
    WorkDirectory works,
    Informer observations,
    Informer tenancies,
    EventRecorder events,
    TimeProvider time,
    bool takesTunnels,
    ILogger logger) : IReconciler<string>
{
    /// <summary>How far the heartbeat time in the status may lag: it is for people, and each write wakes every watcher.</summary>
    private static readonly TimeSpan HeartbeatPace = TimeSpan.FromMinutes(10);

    /// <summary>Virtual clusters and installations that a message names.</summary>
    private const int MostNamed = 20;

    private static readonly TimeSpan DepartureLook = TimeSpan.FromSeconds(1);

    /// <summary>A satellite keeps an empty namespace for five seconds, and its cluster takes a while to delete it.</summary>
    private static readonly TimeSpan NamespaceWait = TimeSpan.FromSeconds(30);

    /// <summary>A satellite that stopped a moment ago, or whose cluster does not answer, is being replaced or upgraded, most likely, and has things to remove.</summary>
    private static readonly TimeSpan ReturnWait = TimeSpan.FromMinutes(2);

    /// <summary>
    /// By uid of a data plane that is deleted, since when it holds nothing but namespaces, and for which process of its satellite: another begins anew. By the clock that never jumps: one that is put
    /// back by an hour must not keep it for an hour.
    /// </summary>
    private readonly ConcurrentDictionary<string, (string Instance, long Since)> emptied = new(StringComparer.Ordinal);

    /// <summary>By uid of a data plane that is deleted, since when its satellite is waited for.</summary>
    private readonly ConcurrentDictionary<string, long> awaited = new(StringComparer.Ordinal);

    /// <summary>What was found to grant each satellite all that it may do: to build that and compare it costs more than all else of a look, and there are many looks when a fleet comes back.</summary>
    private readonly ConcurrentDictionary<string, Granted> granted = new(StringComparer.Ordinal);

    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        if (dataPlanes.Get(ClusterName.Root, "", key) is not { } dataPlane)
        {
            granted.TryRemove(key, out _);
            return ReconcileResult.Done;
        }

        Readiness readiness = Readiness.Of(dataPlane, HeardOf(dataPlane), time.GetUtcNow(), heartbeats.SpeaksOtherwise(key));
        if (dataPlane.IsDeleting)
        {
            return await DepartAsync(dataPlane, readiness, cancellationToken).ConfigureAwait(false);
        }

        await OwnKinds.SetFinalizerAsync(root, dataPlanes, dataPlane, OrreryNames.DataPlaneFinalizer, present: true, cancellationToken).ConfigureAwait(false);
        bool hadNamespace = namespaces.Get(ClusterName.Root, "", OrreryNames.DataPlaneNamespace(key)) is not null, hasNamespace = await HasNamespaceAsync(dataPlane, cancellationToken).ConfigureAwait(false);
        if (!hasNamespace)
        {
            readiness = new Readiness(
                Conditions.False, "NamespaceTaken", $"namespace {OrreryNames.DataPlaneNamespace(key)} exists and is not this data plane's", null);
        }

        // Whoever is let in finds which control plane it serves.
        await ReportAsync(dataPlane, readiness, cancellationToken).ConfigureAwait(false);
        if (hasNamespace && (Planted.Fault != PlantedFault.DataPlaneGrantsOnlyAtFirst || !hadNamespace))
        {
            await GrantAsync(dataPlane, cancellationToken).ConfigureAwait(false);
        }

        // A millisecond past the end, lest the look comes while the lease still holds.
        TimeSpan? toldFor = heartbeats.SecondOf(key) is { } second ? second.At + SecondSatellite.Lasts - time.GetUtcNow() : null;
        TimeSpan? again = ((TimeSpan?[])[readiness.LookAgain, DataPlane.From(dataPlane).Drained ? DepartureLook : null, toldFor]).Min();
        return again is { } left ? ReconcileResult.After(left + TimeSpan.FromMilliseconds(1)) : ReconcileResult.Done;
    }

    /// <summary>One of which nothing was reported yet has let nobody in: what is heard under its name is a former one's.</summary>
    private Heartbeat? HeardOf(KubeObject dataPlane) => dataPlane.At("status", "observedGeneration") is null ? null : heartbeats.Of(dataPlane.Name);

    private async Task<bool> HasNamespaceAsync(KubeObject dataPlane, CancellationToken cancellationToken)
    {
        string name = OrreryNames.DataPlaneNamespace(dataPlane.Name);
        if (namespaces.Get(ClusterName.Root, "", name) is not { } ns)
        {
            ns = await root.CreateAsync(
                CoreResources.Namespaces, "", OwnKinds.Namespace(name, OrreryNames.DataPlaneLabel, dataPlane.Name, dataPlane), cancellationToken).ConfigureAwait(false);
            namespaces.Observe(ns);
        }

        return ns.Labels.GetValueOrDefault(OrreryNames.DataPlaneLabel) == dataPlane.Name;
    }

    private async Task GrantAsync(KubeObject dataPlane, CancellationToken cancellationToken)
    {
        if (granted.TryGetValue(dataPlane.Name, out Granted? known) && known.Uid == dataPlane.Uid && known.Generation == dataPlane.Generation && known.Objects.All(o => o.IsThere))
        {
            return;
        }

        bool isWhole = true;
        var found = new List<Grant>();
        foreach (SatelliteGrant wanted in SatelliteAccess.Objects(dataPlane, renewsLease: !takesTunnels || DataPlane.From(dataPlane).HasOwnControllers))
        {
            Informer informer = own.Access[wanted.Resource];
            if (informer.Get(ClusterName.Root, wanted.Namespace, wanted.Name) is { } existing && wanted.IsSame(existing))
            {
                found.Add(new Grant(informer, existing));
                continue;
            }

            informer.Observe(await root.ApplyAsync(
                wanted.Resource, wanted.Namespace, wanted.Name, wanted.ToJson(dataPlane), OrreryNames.Manager, force: true, cancellationToken).ConfigureAwait(false));
            isWhole = false;
        }

        if (isWhole)
        {
            granted[dataPlane.Name] = new Granted(dataPlane.Uid, dataPlane.Generation, [.. found]);
        }
    }

    /// <summary>
    /// Writes Joined and Ready by server-side apply: the satellite owns the other half of the same status.
    /// </summary>
    private async Task ReportAsync(KubeObject dataPlane, Readiness readiness, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        Heartbeat? heartbeat = HeardOf(dataPlane);
        bool joined = heartbeat is not null || Conditions.IsTrue(dataPlane, OrreryNames.JoinedCondition);
        var status = new JsonObject();
        foreach (string type in (ReadOnlySpan<string>)[OrreryNames.JoinedCondition, OrreryNames.ReadyCondition, OrreryNames.DrainedCondition])
        {
            Keep(dataPlane, status, type);
        }

        bool changed = Conditions.Set(
            status,
            OrreryNames.JoinedCondition,
            joined ? Conditions.True : Conditions.False,
            joined ? "SatelliteJoined" : "NeverJoined",
            joined ? "its satellite has reported" : "its satellite was never heard",
            now,
            dataPlane.Generation);
        changed |= Conditions.Set(status, OrreryNames.ReadyCondition, readiness.Status, readiness.Reason, readiness.Message, now, dataPlane.Generation);
        changed |= SetDrained(dataPlane, status, now);
        changed |= Duplication.Set(dataPlane, status, heartbeats.SecondOf(dataPlane.Name), now);
        DataPlane wanted = DataPlane.From(dataPlane);
        string[] tenants = wanted.HasOwnControllers
            ? works.In(dataPlane.Name).Count > 0 ? [.. wanted.Tenants] : []
            : [.. tenancies.InNamespace(ClusterName.Root, OrreryNames.DataPlaneNamespace(dataPlane.Name)).Select(t => t.Name).Order(StringComparer.Ordinal)];
        changed |= !JsonComparison.IsSame(dataPlane.At("status", "tenants"), OwnKinds.List(tenants));
        string self = namespaces.Get(ClusterName.Root, "", OrreryNames.ServerNamespace)?.Uid ?? dataPlane.TextAt("status", "controlPlane") ?? "";
        changed |= dataPlane.TextAt("status", "controlPlane") != self;
        bool stale = heartbeat is { } last && !((dataPlane.At("status", "lastHeartbeatTime")?.GetDateTimeOffset() - last.Heard)?.Duration() <= HeartbeatPace);
        if (!changed && !stale)
        {
            return;
        }

        status["observedGeneration"] = dataPlane.Generation;
        status["controlPlane"] = self;
        if (heartbeat is { } heard)
        {
            status["lastHeartbeatTime"] = Conditions.Time(heard.Heard);
        }

        if (tenants.Length > 0)
        {
            status["tenants"] = OwnKinds.List(tenants);
        }

        string before = Conditions.Find(dataPlane, OrreryNames.ReadyCondition)?.Status ?? "";
        var body = new JsonObject
        {
            ["apiVersion"] = OrreryResources.ApiVersion,
            ["kind"] = "DataPlane",
            ["metadata"] = new JsonObject { ["name"] = dataPlane.Name },
            ["status"] = status,
        };
        dataPlanes.Observe(await root.ApplyAsync(
            OrreryResources.DataPlanes, "", dataPlane.Name, body, OrreryNames.Manager, force: true, cancellationToken, "status").ConfigureAwait(false));
        if (before != readiness.Status)
        {
            Tell(dataPlane, readiness, before);
        }

        TellDrained(dataPlane, status);
    }

    /// <summary>Whether anything is left in a data plane that is drained or deleted, and what.</summary>
    private bool SetDrained(KubeObject dataPlane, JsonObject status, DateTimeOffset now)
    {
        if (!DataPlane.From(dataPlane).Drained)
        {
            return Conditions.Remove(status, OrreryNames.DrainedCondition);
        }

        string[] left = [.. works.In(dataPlane.Name).Select(w => SourceReference.Of(w)).OfType<SourceReference>()
            .Select(s => s.Cluster.IsRoot ? $"{s.Kind} {s.Namespace}/{s.Name}" : $"VirtualCluster {s.Cluster}").Distinct().Order(StringComparer.Ordinal)];
        return Conditions.Set(
            status,
            OrreryNames.DrainedCondition,
            left.Length == 0 ? Conditions.True : Conditions.False,
            left.Length == 0 ? "Drained" : "InUse",
            left.Length == 0 ? KeptMessage(dataPlane) : $"still here: {string.Join(", ", left.Take(MostNamed))}{(left.Length > MostNamed ? $" and {left.Length - MostNamed} more" : "")}",
            now,
            dataPlane.Generation);
    }

    /// <summary>Claims that controllers of the cluster made outlive a move, lest data goes with it: whoever drains must know of them.</summary>
    private string KeptMessage(KubeObject dataPlane)
    {
        string[] kept = [.. observations.InNamespace(ClusterName.Root, OrreryNames.DataPlaneNamespace(dataPlane.Name))
            .Where(o => SourceReference.Of(o) is { Kind: "PersistentVolumeClaim" })
            .Select(o => $"{o.TextAt("spec", "object", "metadata", "namespace")}/{o.TextAt("spec", "object", "metadata", "name")}").Order(StringComparer.Ordinal)];
        return kept.Length == 0 ? "nothing is left here"
            : $"nothing runs here; claims are kept until what they are of is deleted, or this data plane: {string.Join(", ", kept.Take(MostNamed))}{(kept.Length > MostNamed ? $" and {kept.Length - MostNamed} more" : "")}";
    }

    private void TellDrained(KubeObject dataPlane, JsonObject status)
    {
        if ((status["conditions"] as JsonArray)?.OfType<JsonObject>().FirstOrDefault(c => c.TextAt("type") == OrreryNames.DrainedCondition) is { } drained
            && Conditions.Find(dataPlane, OrreryNames.DrainedCondition)?.Status != drained.TextAt("status"))
        {
            events.Normal(dataPlane, drained.TextAt("status") == Conditions.True ? "Drained" : "Draining", drained.TextAt("message") ?? "");
        }
    }

    private void Tell(KubeObject dataPlane, Readiness readiness, string before)
    {
        if (readiness.Status == Conditions.True)
        {
            Log.IsReady(logger, dataPlane.Name, readiness.Message);
            events.Normal(dataPlane, readiness.Reason, $"Ready: {readiness.Message}");
        }
        else if (before.Length > 0)
        {
            // One that is new and not heard yet is nothing to warn of.
            Log.NotReady(logger, dataPlane.Name, readiness.Status, readiness.Message);
            events.Warning(dataPlane, readiness.Reason, $"Not ready: {readiness.Message}");
        }
    }

    private static void Keep(KubeObject dataPlane, JsonObject status, string type)
    {
        if (Conditions.Find(dataPlane, type) is { } known)
        {
            Conditions.Set(
                status, type, known.Status, known.Reason, known.Message, known.LastTransitionTime ?? DateTimeOffset.UnixEpoch, known.ObservedGeneration);
        }
    }

    /// <summary>
    /// The placement controller withdraws the Works of a data plane that is being deleted. Its satellite, if it is heard or was a moment ago, is given the time
    /// to remove what they made (its pods are then no longer observed) before it loses its access.
    /// </summary>
    private async Task<ReconcileResult> DepartAsync(KubeObject dataPlane, Readiness readiness, CancellationToken cancellationToken)
    {
        if (!dataPlane.Finalizers.Contains(OrreryNames.DataPlaneFinalizer))
        {
            return ReconcileResult.Done;
        }

        string name = OrreryNames.DataPlaneNamespace(dataPlane.Name);
        bool isReady = readiness.Status == Conditions.True, isAwaited = IsAwaited(dataPlane, isReady);
        bool busy = works.In(dataPlane.Name).Count > 0
            || (isAwaited
                && observations.InNamespace(ClusterName.Root, name).Any(o => SourceReference.Of(o) is { Kind: "Pod" }));
        if (!busy && isAwaited)
        {
            await PurgeAsync(dataPlane, cancellationToken).ConfigureAwait(false);
        }

        if (busy || (isAwaited && HoldsNamespaces(dataPlane, isReady)))
        {
            await ReportAsync(dataPlane, readiness, cancellationToken).ConfigureAwait(false);
            return ReconcileResult.After(DepartureLook);
        }

        if (namespaces.Get(ClusterName.Root, "", name) is { } ns && ns.Labels.GetValueOrDefault(OrreryNames.DataPlaneLabel) == dataPlane.Name)
        {
            if (!ns.IsDeleting)
            {
                await DeleteAsync(CoreResources.Namespaces, name, cancellationToken).ConfigureAwait(false);
            }

            return ReconcileResult.After(DepartureLook);
        }

        foreach (string role in (string[])[SatelliteAccess.ClusterRoleName(dataPlane.Name), SatelliteAccess.JoinRoleName(dataPlane.Name)])
        {
            await DeleteAsync(CoreResources.ClusterRoleBindings, role, cancellationToken).ConfigureAwait(false);
            await DeleteAsync(CoreResources.ClusterRoles, role, cancellationToken).ConfigureAwait(false);
        }

        await OwnKinds.SetFinalizerAsync(root, dataPlanes, dataPlane, OrreryNames.DataPlaneFinalizer, present: false, cancellationToken).ConfigureAwait(false);
        emptied.TryRemove(dataPlane.Uid, out _);
        awaited.TryRemove(dataPlane.Uid, out _);
        return ReconcileResult.Done;
    }

    /// <summary>Has the namespaces of tenants removed that are not empty by themselves: claims stay in them when what they are of moves away.</summary>
    private async Task PurgeAsync(KubeObject dataPlane, CancellationToken cancellationToken)
    {
        KubeObject[] left = [.. observations.InNamespace(ClusterName.Root, OrreryNames.DataPlaneNamespace(dataPlane.Name))
            .Where(o => PurgeController.IsMapped(o) && PurgeRequest.UidOf(o) is not null && !PurgeRequest.IsMade(o))];
        if (left.Length == 0 || DataPlane.From(dataPlane) is { Paused: true } or { HasOwnControllers: true })
        {
            return;
        }

        // What is purged cannot be brought back, so a cache alone is not believed.
        if (await root.FindAsync(OrreryResources.DataPlanes, "", dataPlane.Name, cancellationToken).ConfigureAwait(false) is not { IsDeleting: true } found || found.Uid != dataPlane.Uid)
        {
            return;
        }

        foreach (KubeObject observation in left)
        {
            await PurgeRequest.MakeAsync(root, observations, observation, cancellationToken).ConfigureAwait(false);
            Log.PurgeRequested(logger, dataPlane.Name, observation.TextAt("spec", "object", "metadata", "name") ?? "", "the data plane is deleted");
        }
    }

    /// <summary>
    /// Whether the satellite is still to remove namespaces that it made. One that holds what is another's, or is to be kept, stays for good: it is waited
    /// for as long as an empty one takes.
    /// </summary>
    private bool HoldsNamespaces(KubeObject dataPlane, bool isReady)
    {
        if (!observations.InNamespace(ClusterName.Root, OrreryNames.DataPlaneNamespace(dataPlane.Name)).Any(o => SourceReference.Of(o) is { Kind: "Namespace" }))
        {
            return false;
        }

        if (!isReady || !Conditions.IsTrue(dataPlane, OrreryNames.DrainedCondition))
        {
            emptied.TryRemove(dataPlane.Uid, out _);
            return true;
        }

        string instance = dataPlane.TextAt("status", "satelliteInstance") ?? "";
        (_, long since) = emptied.AddOrUpdate(
            dataPlane.Uid, _ => (instance, time.GetTimestamp()), (_, known) => known.Instance == instance ? known : (instance, time.GetTimestamp()));
        return time.GetElapsedTime(since) < NamespaceWait;
    }

    /// <summary>Whether its satellite can be counted on to remove what it made.</summary>
    private bool IsAwaited(KubeObject dataPlane, bool isReady)
    {
        if (isReady)
        {
            awaited.TryRemove(dataPlane.Uid, out _);
            return true;
        }

        bool wasThere = heartbeats.Of(dataPlane.Name) is not null
            && !(Conditions.Find(dataPlane, OrreryNames.ReadyCondition) is { Status: not Conditions.True, LastTransitionTime: { } since } && time.GetUtcNow() - since >= ReturnWait);
        return wasThere && time.GetElapsedTime(awaited.GetOrAdd(dataPlane.Uid, _ => time.GetTimestamp())) < ReturnWait;
    }

    private async Task DeleteAsync(GroupVersionResource resource, string name, CancellationToken cancellationToken)
    {
        try
        {
            await root.DeleteAsync(resource, "", name, null, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // Gone already: what was wanted.
        }
    }

    /// <summary>What a data plane of this identity and generation grants, and is there.</summary>
    private sealed record Granted(string Uid, long Generation, Grant[] Objects);

    private readonly record struct Grant(Informer Informer, KubeObject Object)
    {
        /// <summary>Whether it is still the very object that was compared.</summary>
        public bool IsThere => ReferenceEquals(Informer.Get(ClusterName.Root, Object.Namespace, Object.Name), Object);
    }
}
