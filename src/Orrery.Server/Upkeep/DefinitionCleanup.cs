using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.CustomResources;
using Orrery.Server.Handlers;
using Orrery.Server.Registry;

namespace Orrery.Server.Upkeep;

/// <summary>Establishes definitions, and deletes the objects of one that is being deleted before it goes.</summary>
internal sealed class DefinitionCleanup(
    CacheSet caches, Writer writer, CustomResourceSet custom, DefinitionFollowUp followUp, TimeProvider time, ILogger<DefinitionCleanup> log)
    : UpkeepTask(caches, CustomResourceSet.Definitions, time, log)
{
    private static readonly ResourceDefinition Definitions = BuiltinResources.Instance.Require("apiextensions.k8s.io", "v1", "customresourcedefinitions");

    protected override async ValueTask<bool> LookAsync(string key, CachedObject? item, CancellationToken cancellationToken)
    {
        if (item is null)
        {
            await ReleaseAsync(key, cancellationToken);
            return true;
        }

        var definition = KubeObject.Parse(item.Json.Span);
        if (!definition.IsDeleting)
        {
            await followUp.FollowAsync(item.Cluster, "", item.Name, cancellationToken);
            return true;
        }

        if (!Finalizers.Has(definition, DefinitionStrategy.CleanupFinalizer))
        {
            return true;
        }

        var resource = new GroupResource(definition.TextAt("spec", "group") ?? "", definition.TextAt("spec", "names", "plural") ?? "");
        ResourceDefinition? served = custom.For(item.Cluster).All.FirstOrDefault(d => d.GroupResource == resource);
        string prefix = StoreKey.Prefix(resource, item.Cluster);
        if (served is not null)
        {
            foreach (CachedObject instance in Caches.For(resource).Current.Range(prefix))
            {
                await writer.DeleteAsync(served, item.Cluster, instance.Namespace, instance.Name, new DeleteOptions { Uid = KubeObject.Parse(instance.Json.Span).Uid }, cancellationToken);
            }
        }

        if (Caches.For(resource).Current.Count(prefix) > 0)
        {
            // Finalizers of the objects hold them, and the definition with them.
            return false;
        }

        await writer.UpdateAsync(Definitions, item.Cluster, "", item.Name, "", "kube-apiserver", json => Finalizers.Remove(json, DefinitionStrategy.CleanupFinalizer), cancellationToken);
        return true;
    }

    /// <summary>What a definition leaves when it goes, others may be waiting for.</summary>
    private async ValueTask ReleaseAsync(string key, CancellationToken cancellationToken)
    {
        if (!KeyParts.TryParse(key, out KeyParts parts))
        {
            return;
        }

        ClusterName cluster = StoreKey.ParseCluster(key.AsSpan(parts.Cluster, parts.Namespace - parts.Cluster - 1));
        foreach (CachedObject other in Caches.For(CustomResourceSet.Definitions).Current.Range(StoreKey.Prefix(CustomResourceSet.Definitions, cluster)))
        {
            await followUp.FollowAsync(other.Cluster, "", other.Name, cancellationToken);
        }
    }
}
