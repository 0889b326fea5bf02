using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;
using Orrery.Controllers.Revisions;

namespace Orrery.Controllers.Mirror;

/// <summary>Makes, follows and removes one mirrored object.</summary>
internal sealed class MirrorReconciler(
    MirrorWriter writer,
    ObservationDirectory observations,
    FleetDirectory fleet,
    WorkDirectory works,
    MirrorInformers mirrored,
    PodOwner owners,
    OwnPods ownPods,
    RevisionNames revisions,
    TimeProvider time,
    ILogger logger) : IReconciler<MirrorKey>
{
    /// <summary>An event may come before the pod that it is about; for so long its uid is looked for again.</summary>
    private static readonly TimeSpan UidSearch = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan OwnerLook = TimeSpan.FromSeconds(1);

    public async Task<ReconcileResult> ReconcileAsync(MirrorKey key, CancellationToken cancellationToken)
    {
        Informer informer = mirrored.Of(key.Kind);
        KubeObject? present = informer.Get(key.Object) is { } found && MirrorNames.IsMirrored(found) ? found : null;
        KubeObject? observation = observations.Find(key);
        JsonObject? original = observation is null ? null : ObservationDirectory.ObjectOf(observation);
        if (original is null)
        {
            if (present is not null && Planted.Fault != PlantedFault.MirrorKeepsWhatIsGone)
            {
                await writer.DeleteAsync(informer.Resource, key.Object.Cluster, present, 0, cancellationToken).ConfigureAwait(false);
            }

            return ReconcileResult.Done;
        }

        // A data plane may only speak of the virtual clusters that run there.
        string dataPlane = ObservationDirectory.DataPlaneOf(observation!);
        if (present is null && !works.Has(key.Object.Cluster, dataPlane))
        {
            Log.ForeignObservation(logger, observation!.Name, dataPlane, key.Object.Cluster.ToString());
            return ReconcileResult.Done;
        }

        bool open = mirrored.Namespaces.Get(key.Object.Cluster, "", key.Object.Namespace) is { IsDeleting: false };
        return key.Kind switch
        {
            "Pod" => await PodAsync(key, present, observation!, original, dataPlane, open, cancellationToken).ConfigureAwait(false),
            "Event" => await EventAsync(key, present, original, dataPlane, open, cancellationToken).ConfigureAwait(false),
            _ => await ObjectAsync(MirroredKind.Find(key.Kind)!, key, present, observation!, original, dataPlane, open, cancellationToken).ConfigureAwait(false),
        };
    }

    private async Task<ReconcileResult> PodAsync(
        MirrorKey key, KubeObject? present, KubeObject observation, JsonObject original, string dataPlane, bool open, CancellationToken cancellationToken)
    {
        ClusterName cluster = key.Object.Cluster;
        bool leaving = original.IsDeleting;
        string physicalNode = original.TextAt("spec", "nodeName") ?? "";
        string node = physicalNode.Length == 0 ? "" : NodeName(cluster, physicalNode, dataPlane);
        if (OwnPods.IsApplied(original))
        {
            if (ownPods.StandingFor(key.Object, original.Name, dataPlane) is { } own)
            {
                return await OwnPodAsync(key, own, present, observation, original, dataPlane, node, cancellationToken).ConfigureAwait(false);
            }

            // Nothing comes to stand for what is on its way out.
            open &= ownPods.IsWantedIn(key.Object, original.Name, dataPlane);
        }

        JsonObject wanted = PodMirror.Build(original, key, dataPlane, node);
        PodMirror.NameClaims(wanted, claim => mirrored.Of("PersistentVolumeClaim").Get(key.Object with { Name = claim }) is null ? MirrorNames.Mirrored(claim, dataPlane) : claim);
        bool owned = await OwnAsync(wanted, original, key, present, dataPlane, cancellationToken).ConfigureAwait(false);
        if (present?.Annotations.GetValueOrDefault(OrreryNames.SourceResourcesAnnotation) is { } followed)
        {
            wanted.Metadata["annotations"]![OrreryNames.SourceResourcesAnnotation] = followed;
        }

        // What its tenant changed stands until the pod itself is so; what changed there meanwhile is followed beside it.
        PodMetadata done = PodChanges.DoneOf(observation) is { } last && last.Uid == original.Uid ? last.Metadata : PodMetadata.None;
        PodMetadata wished = PodMetadata.Parse(present?.Annotations.GetValueOrDefault(PodMetadata.Annotation)).Without(done);
        if (!wished.IsEmpty)
        {
            wished.ApplyTo(wanted);
            wanted.Metadata["annotations"]![PodMetadata.Annotation] = wished.ToText();
        }

        if (fleet.Current.DataPlane(dataPlane) is not { IsReporting: true } plane)
        {
            PodMirror.Silence(wanted["status"]!.AsObject(), fleet.Current.DataPlane(dataPlane)?.ReadyMessage ?? "there is no such data plane");
        }

        if (present is null)
        {
            if (open && !leaving)
            {
                await writer.CreateAsync(CoreResources.Pods, cluster, wanted, cancellationToken).ConfigureAwait(false);
            }
        }
        else if (PodMirror.MustReplace(present, wanted) || (present.IsDeleting && !leaving && !open))
        {
            // Its deletion event brings the key back, and the pod is made anew where its namespace still takes one.
            await writer.DeleteAsync(CoreResources.Pods, cluster, present, 0, cancellationToken).ConfigureAwait(false);
        }
        else if (present.IsDeleting && !leaving)
        {
            // Its tenant deleted it. The pod itself must go; until it has gone, what stands for it is Terminating.
            await writer.RequestDeletionAsync(observation, present, original.Uid, cancellationToken).ConfigureAwait(false);
            await UpdateAsync(cluster, present, wanted, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            if (leaving && !present.IsDeleting)
            {
                await writer.DeleteAsync(CoreResources.Pods, cluster, present, original.NumberAt("metadata", "deletionGracePeriodSeconds"), cancellationToken).ConfigureAwait(false);
            }

            await UpdateAsync(cluster, present, wanted, cancellationToken).ConfigureAwait(false);
            if (!leaving)
            {
                await ChangesAsync(key, present, observation, original, wanted, wished, cancellationToken).ConfigureAwait(false);
            }
        }

        return owned || !IsRecent(present) ? ReconcileResult.Done : ReconcileResult.After(OwnerLook);
    }

    /// <summary>A pod that its tenant made is the one that runs: its node is written into it, and what its tenant changes of it goes there. (What its Work says goes by that, and its status comes so.)</summary>
    private async Task<ReconcileResult> OwnPodAsync(
        MirrorKey key, KubeObject own, KubeObject? present, KubeObject observation, JsonObject original, string dataPlane, string node, CancellationToken cancellationToken)
    {
        if (present is not null)
        {
            // Of when another data plane came first.
            await writer.DeleteAsync(CoreResources.Pods, own.Cluster, present, 0, cancellationToken).ConfigureAwait(false);
        }

        if (original.IsDeleting || own.IsDeleting)
        {
            return ReconcileResult.Done;
        }

        // Once it says where it runs: a pod that has a node and does not is some kubelet's.
        if (node.Length > 0 && own.TextAt("spec", "nodeName") != node && PodPlace.Of(own)?.DataPlane == dataPlane)
        {
            own = await writer.BindAsync(own, node, cancellationToken).ConfigureAwait(false);
            mirrored.Pods.Observe(own, own.Cluster);
        }

        await writer.RequestChangesAsync(observation, PodChanges.Between(original, [own], resized: false), cancellationToken).ConfigureAwait(false);

        // What took it there takes it here, and lets go of it here.
        var wanted = new JsonObject { ["metadata"] = new JsonObject() };
        bool owned = await OwnAsync(wanted, original, key, own, dataPlane, cancellationToken).ConfigureAwait(false);
        if (wanted.NodeAt("metadata", "ownerReferences") is JsonArray takers && PodOwner.Taken(own, takers) is { } references)
        {
            mirrored.Pods.Observe(await writer.GiveAsync(own, references, cancellationToken).ConfigureAwait(false), own.Cluster);
        }

        return owned || !IsRecent(own) ? ReconcileResult.Done : ReconcileResult.After(OwnerLook);
    }

    private async Task UpdateAsync(ClusterName cluster, KubeObject present, JsonObject wanted, CancellationToken cancellationToken)
    {
        if (await writer.UpdateAsync(CoreResources.Pods, cluster, present, wanted, cancellationToken).ConfigureAwait(false) is { } written)
        {
            mirrored.Pods.Observe(written, cluster);
        }
    }

    /// <summary>What its tenant changed of a pod that runs goes to its data plane; what was changed there comes back.</summary>
    private async Task ChangesAsync(MirrorKey key, KubeObject present, KubeObject observation, JsonObject original, JsonObject wanted, PodMetadata wished, CancellationToken cancellationToken)
    {
        KubeObject? placed = mirrored.Pods.Get(key.Object with { Name = original.Name }) is { } of && !MirrorNames.IsMirrored(of) ? of : null;
        string? followed = present.Annotations.GetValueOrDefault(OrreryNames.SourceResourcesAnnotation);
        if (wished.IsEmpty && !observation.Annotations.ContainsKey(PodChanges.Annotation) && present.Generation <= 1 && followed is null && original.NodeAt("spec", "ephemeralContainers") is null && placed?.At("spec", "ephemeralContainers") is null
            && JsonComparison.IsSame(present.At("spec", "containers"), wanted.NodeAt("spec", "containers")) && JsonComparison.IsSame(present.At("spec", "resources"), wanted.NodeAt("spec", "resources")))
        {
            // As it was made: so are all but a few.
            return;
        }

        string resources = PodMirror.ResourcesOf(original);
        bool differs = PodChanges.Differing(original, present.ToJsonObject()).Count > 0;

        // What differs is the tenant's wish where the original is as it was when it was last followed; as made, nothing differs.
        bool resized = differs && (followed is null ? present.Generation > 1 : followed == resources);
        var asked = PodChanges.Between(original, placed is null ? [present] : [present, placed], resized) with { Metadata = wished };

        // What was followed is written, and known here, before the wish is taken back: whatever the original gets after that must not be taken for what the tenant wished before.
        if (await writer.FollowAsync(key.Object.Cluster, present, original, differs && !resized, resized ? null : resources, cancellationToken).ConfigureAwait(false) is { } written)
        {
            mirrored.Pods.Observe(written, key.Object.Cluster);
        }

        await writer.RequestChangesAsync(observation, asked, cancellationToken).ConfigureAwait(false);
    }

    private async Task<ReconcileResult> ObjectAsync(
        MirroredKind kind, MirrorKey key, KubeObject? present, KubeObject observation, JsonObject original, string dataPlane, bool open, CancellationToken cancellationToken)
    {
        ClusterName cluster = key.Object.Cluster;
        JsonObject wanted = ObjectMirror.Build(
            kind, original, key, dataPlane, physical => NodeName(cluster, physical, dataPlane), pod => ownPods.NameOf(key.Object, pod, dataPlane));
        bool owned = await OwnAsync(wanted, original, key, present, dataPlane, cancellationToken).ConfigureAwait(false);
        if (present is null)
        {
            if (open && !original.IsDeleting)
            {
                await writer.CreateAsync(kind.Resource, cluster, wanted, cancellationToken).ConfigureAwait(false);
            }
        }
        else if (present.Annotations.GetValueOrDefault(OrreryNames.SourceUidAnnotation) != original.Uid || (present.IsDeleting && !open))
        {
            await writer.DeleteAsync(kind.Resource, cluster, present, 0, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            if (present.IsDeleting && !original.IsDeleting)
            {
                await writer.RequestDeletionAsync(observation, present, original.Uid, cancellationToken).ConfigureAwait(false);
            }
            else if (original.IsDeleting && !present.IsDeleting)
            {
                await writer.DeleteAsync(kind.Resource, cluster, present, null, cancellationToken).ConfigureAwait(false);
            }

            await writer.UpdateAsync(kind.Resource, cluster, present, wanted, cancellationToken, kind.Follows).ConfigureAwait(false);
        }

        return owned || !IsRecent(present) ? ReconcileResult.Done : ReconcileResult.After(OwnerLook);
    }

    /// <returns>False when what controls it there is not (yet) to be found here.</returns>
    private async ValueTask<bool> OwnAsync(JsonObject wanted, JsonObject original, MirrorKey key, KubeObject? present, string dataPlane, CancellationToken cancellationToken)
    {
        if (PodOwner.Named(original) is not { } named)
        {
            if (key.Kind == "Pod" && !PodOwner.IsOwned(original))
            {
                // One that its controller let go of, as its labels do not match any more.
                wanted.Metadata["ownerReferences"] = new JsonArray();
            }

            return true;
        }

        if (owners.Find(named, key.Object, dataPlane) is not { } owner)
        {
            return false;
        }

        // What its owner has let go of, as it went (--cascade=orphan), would go as well if it were given back to it. That it goes is known here a moment later than what it let go of.
        if (present is not null && !RevisionKinds.OwnersOf(present).Contains(owner.Uid) && !await writer.IsThereAsync(PlaceableKinds.Find(named.Kind)!.Resource, owner, cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        PodOwner.Put(wanted.Metadata, owner, named.Kind);
        if (key.Kind == "Pod")
        {
            PodOwner.Select(wanted.Metadata, owner);
        }

        return true;
    }

    private bool IsRecent(KubeObject? present) => present is null || time.GetUtcNow() - present.CreationTimestamp < UidSearch;

    private string NodeName(ClusterName cluster, string physical, string dataPlane) =>
        MirrorNames.Node(physical, dataPlane, mirrored.Nodes.Get(cluster, "", physical));

    private async Task<ReconcileResult> EventAsync(
        MirrorKey key, KubeObject? present, JsonObject original, string dataPlane, bool open, CancellationToken cancellationToken)
    {
        string kind = original.TextAt("involvedObject", "kind") ?? "";
        string name = original.TextAt("involvedObject", "name") ?? "";
        string about = kind switch
        {
            "Pod" => ownPods.NameOf(key.Object, name, dataPlane),
            "ReplicaSet" => revisions.Of(key.Object, name, dataPlane),
            _ => name,
        };
        string uid = mirrored.Find(GroupVersionKind.From(original.TextAt("involvedObject", "apiVersion") ?? "", kind).GroupKind, key.Object with { Name = about })?.Uid ?? "";
        JsonObject wanted = EventMirror.Build(original, key, dataPlane, (about, uid));
        if (present is null)
        {
            if (open)
            {
                await writer.CreateAsync(CoreResources.Events, key.Object.Cluster, wanted, cancellationToken).ConfigureAwait(false);
            }
        }
        else if (!EventMirror.IsSame(present, wanted))
        {
            await writer.UpdateAsync(
                CoreResources.Events, key.Object.Cluster, present, wanted, cancellationToken, [.. wanted.Select(m => m.Key).Except(["apiVersion", "kind", "metadata"])]).ConfigureAwait(false);
        }

        return kind is "Pod" or "ReplicaSet" && uid.Length == 0 && IsRecent(present) && open ? ReconcileResult.After(TimeSpan.FromSeconds(2)) : ReconcileResult.Done;
    }
}
