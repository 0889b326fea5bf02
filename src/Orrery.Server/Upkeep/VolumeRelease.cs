using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Machinery.Kinds;
using Orrery.Server.Admission.Volumes;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Upkeep;

/// <summary>Lets a deleted claim go when no pod uses it. Upstream: pkg/controller/volume/pvcprotection.</summary>
internal sealed class ClaimRelease(CacheSet caches, Writer writer, TimeProvider time, ILogger<ClaimRelease> log) : UpkeepTask(caches, Claims.GroupResource, time, log)
{
    private static readonly ResourceDefinition Claims = BuiltinResources.Instance.Require("", "v1", "persistentvolumeclaims");
    private static readonly GroupResource Pods = new("", "pods");

    protected override async ValueTask<bool> LookAsync(string key, CachedObject? item, CancellationToken cancellationToken)
    {
        if (item is null || KubeObject.Parse(item.Json.Span) is not { IsDeleting: true } claim || !Finalizers.Has(claim, VolumeProtection.ClaimFinalizer))
        {
            return true;
        }

        if (Caches.For(Pods).Current.Range(StoreKey.Prefix(Pods, item.Cluster, item.Namespace)).Any(p => Uses(p, item.Name)))
        {
            return false;
        }

        await writer.UpdateAsync(Claims, item.Cluster, item.Namespace, item.Name, "", "kube-controller-manager", json => Finalizers.Remove(json, VolumeProtection.ClaimFinalizer), cancellationToken);
        return true;
    }

    /// <summary>A pod uses its claims from when it has a node until it has ended.</summary>
    private static bool Uses(CachedObject item, string claim)
    {
        if (item.Json.Span.IndexOf("\"volumes\":["u8) < 0)
        {
            return false;
        }

        JsonObject pod = StoredJson.Parse(item.Json.Span);
        JsonObject spec = pod.ObjectAt("spec");
        return spec.Text("nodeName").Length > 0 && pod.TextAt("status", "phase") is not ("Succeeded" or "Failed")
            && spec.Items("volumes").Any(v => v.Child("persistentVolumeClaim")?.Text("claimName") == claim || (v.Has("ephemeral") && $"{item.Name}-{v.Text("name")}" == claim));
    }
}

/// <summary>Lets a deleted volume go when it is bound to no claim. Upstream: pkg/controller/volume/pvprotection.</summary>
internal sealed class VolumeRelease(CacheSet caches, Writer writer, TimeProvider time, ILogger<VolumeRelease> log) : UpkeepTask(caches, Volumes.GroupResource, time, log)
{
    private static readonly ResourceDefinition Volumes = BuiltinResources.Instance.Require("", "v1", "persistentvolumes");

    protected override async ValueTask<bool> LookAsync(string key, CachedObject? item, CancellationToken cancellationToken)
    {
        if (item is not null && KubeObject.Parse(item.Json.Span) is { IsDeleting: true } volume
            && Finalizers.Has(volume, VolumeProtection.VolumeFinalizer) && volume.TextAt("status", "phase") != "Bound")
        {
            await writer.UpdateAsync(Volumes, item.Cluster, "", item.Name, "", "kube-controller-manager", json => Finalizers.Remove(json, VolumeProtection.VolumeFinalizer), cancellationToken);
        }

        return true;
    }
}
