using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Storage;

/// <summary>Provisions a volume for each PersistentVolumeClaim and binds the two; deletes the volume with its claim.</summary>
internal sealed class ClaimController(SimulatedCluster cluster) : IReconciler<ObjectKey>
{
    public ReconcilerHost<ObjectKey> Host()
    {
        var host = new ReconcilerHost<ObjectKey>("claim", this, new ReconcilerOptions<ObjectKey>
        {
            Workers = 1,
            LevelKeys = () => cluster.Claims.All().Select(c => c.Key),
            Needs = [cluster.Claims],
            Time = cluster.Time,
            Loggers = cluster.Options.Loggers,
        });
        cluster.Claims.Subscribe(change => host.Queue.Add(change.Key));
        return host;
    }

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        KubeObject? found = cluster.Claims.Get(key);
        if (found is null)
        {
            await ReclaimAsync(key, cancellationToken).ConfigureAwait(false);
            return ReconcileResult.Done;
        }

        if (found is not { IsDeleting: false } claim || claim.TextAt("status", "phase") == "Bound")
        {
            return ReconcileResult.Done;
        }

        // 1. the volume, named after the claim's uid so that it is made once
        string volume = "pvc-" + claim.Uid;
        JsonObject capacity = claim.CopyAt("spec", "resources", "requests");
        try
        {
            await cluster.Client.CreateAsync(Known.Volumes, "", VolumeFor(claim, volume, capacity), cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsAlreadyExists)
        {
            // Made before; what follows may be missing still.
        }

        // 2. the claim names it, 3. both say that they are bound
        if (claim.TextAt("spec", "volumeName") != volume)
        {
            JsonObject body = claim.ToJsonObject();
            body.ObjectAt("spec")["volumeName"] = volume;
            claim = await cluster.UpdateAsync(cluster.Claims, body, cancellationToken).ConfigureAwait(false);
        }

        await cluster.Client.PatchAsync(
            Known.Volumes, "", volume, PatchKind.Merge, new JsonObject { ["status"] = new JsonObject { ["phase"] = "Bound" } }, cancellationToken, subresource: "status").ConfigureAwait(false);
        JsonObject status = claim.CopyAt("status");
        status["phase"] = "Bound";
        status["accessModes"] = claim.At("spec", "accessModes") is { } modes ? JsonArray.Create(modes)!.DeepClone() : new JsonArray();
        status["capacity"] = capacity.DeepClone();
        await cluster.WriteStatusAsync(cluster.Claims, claim, status, cancellationToken).ConfigureAwait(false);
        return ReconcileResult.Done;
    }

    /// <summary>A namespaced claim cannot own a volume, so its volumes are looked for by what they were made for.</summary>
    private async Task ReclaimAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        KubeList volumes = await cluster.Client.ListAsync(Known.Volumes, "", null, cancellationToken).ConfigureAwait(false);
        foreach (KubeObject volume in volumes.Items.Where(v =>
            v.TextAt("spec", "claimRef", "namespace") == key.Namespace && v.TextAt("spec", "claimRef", "name") == key.Name
            && v.TextAt("spec", "persistentVolumeReclaimPolicy") == "Delete"))
        {
            await cluster.Client.DeleteAsync(Known.Volumes, "", volume.Name, new DeleteQuery { Uid = volume.Uid }, cancellationToken).ConfigureAwait(false);
        }
    }

    private static JsonObject VolumeFor(KubeObject claim, string name, JsonObject capacity)
    {
        var spec = new JsonObject
        {
            ["accessModes"] = claim.At("spec", "accessModes") is { } modes ? JsonArray.Create(modes)!.DeepClone() : new JsonArray("ReadWriteOnce"),
            ["capacity"] = capacity.DeepClone(),
            ["claimRef"] = new JsonObject
            {
                ["apiVersion"] = "v1", ["kind"] = "PersistentVolumeClaim", ["namespace"] = claim.Namespace, ["name"] = claim.Name, ["uid"] = claim.Uid,
            },
            ["hostPath"] = new JsonObject { ["path"] = "/simulated/" + name },
            ["persistentVolumeReclaimPolicy"] = "Delete",
        };
        if (claim.TextAt("spec", "storageClassName") is { } storageClass)
        {
            spec["storageClassName"] = storageClass;
        }

        return new JsonObject { ["apiVersion"] = "v1", ["kind"] = "PersistentVolume", ["metadata"] = new JsonObject { ["name"] = name }, ["spec"] = spec };
    }
}
