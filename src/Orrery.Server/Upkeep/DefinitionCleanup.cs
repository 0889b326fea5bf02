using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.CustomResources;
using Orrery.Server.Handlers;
using Orrery.Server.Registry;

namespace Orrery.Server.Upkeep;

/// <summary>Establishes definitions, and deletes the objects of one that is being deleted before it goes.</summary>
internal sealed class DefinitionCleanup(
    CacheSet caches, Writer writer, DefinitionFollowUp followUp, TimeProvider time, ILogger<DefinitionCleanup> log)
    : UpkeepTask(caches, CustomResourceSet.Definitions, time, log)
{
    private static readonly ResourceDefinition Definitions = BuiltinResources.Instance.Require("apiextensions.k8s.io", "v1", "customresourcedefinitions");

    /// <summary>Deletions of one look: then it is another definition's turn.</summary>
    private const int Slice = 500;

    protected override int Workers => 4;

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
        string prefix = StoreKey.Prefix(resource, item.Cluster);
        int asked = 0, held = 0;
        if (CompiledDefinition.StorageOf(StoredJson.Parse(item.Json.Span), item) is { } stored)
        {
            foreach (CachedObject instance in Caches.For(resource).Current.Range(prefix))
            {
                KubeObject json = KubeObject.Parse(instance.Json.Span);
                if (json.IsDeleting && json.Finalizers.Any())
                {
                    // Asked already: its finalizers hold it, and the definition with it.
                    held++;
                    continue;
                }

                if (++asked > Slice)
                {
                    LookLater(key, TimeSpan.Zero);
                    return true;
                }

                await writer.DeleteAsync(stored, item.Cluster, instance.Namespace, instance.Name, new DeleteOptions { Uid = json.Uid }, cancellationToken);
            }

            if (Caches.For(resource).Current.Count(prefix) > 0)
            {
                return Unfinished(key, held);
            }
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
