using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.CustomResources;
using Orrery.Server.Handlers;
using Orrery.Server.Registry;

namespace Orrery.Server.Upkeep;

/// <summary>Deletes what is in a namespace that is being deleted, then lets the namespace go. Upstream: pkg/controller/namespace/deletion.</summary>
internal sealed class NamespaceDeletion(CacheSet caches, ObjectStore objects, ResourceCatalog resources, Writer writer, TimeProvider time, ILogger<NamespaceDeletion> log)
    : UpkeepTask(caches, new GroupResource("", "namespaces"), time, log)
{
    private const string Manager = "kube-controller-manager";

    /// <summary>Deletions of one look: then it is another namespace's turn.</summary>
    private const int Slice = 500;

    private static readonly ResourceDefinition Namespaces = BuiltinResources.Instance.Require("", "v1", "namespaces");

    protected override int Workers => 4;

    protected override async ValueTask<bool> LookAsync(string key, CachedObject? item, CancellationToken cancellationToken)
    {
        if (item is null)
        {
            await SweepAsync(key, cancellationToken);
            return true;
        }

        var ns = KubeObject.Parse(item.Json.Span);
        if (!ns.IsDeleting)
        {
            return true;
        }

        // 1. Ask everything in it to go.
        List<(ResourceDefinition Resource, CachedObject Item)> remaining = [];
        List<ExceptionDispatchInfo> faults = [];
        int asked = 0;
        foreach (ResourceDefinition resource in resources.Stored(item.Cluster).Where(r => r.Namespaced))
        {
            string prefix = StoreKey.Prefix(resource.GroupResource, item.Cluster, item.Name);
            try
            {
                foreach (CachedObject content in objects.Current(resource).Range(prefix))
                {
                    KubeObject json = KubeObject.Parse(content.Json.Span);
                    if (json.IsDeleting && (json.Finalizers.Any() || json.NumberAt("metadata", "deletionGracePeriodSeconds") > 0))
                    {
                        // Asked already: others hold it.
                        continue;
                    }

                    if (++asked > Slice)
                    {
                        LookLater(key, TimeSpan.Zero);
                        return true;
                    }

                    await writer.DeleteAsync(resource, item.Cluster, item.Name, content.Name, new DeleteOptions { PropagationPolicy = "Background", Uid = json.Uid }, cancellationToken);
                }
            }
            catch (StatusException fault)
            {
                // One kind that cannot be converted just now keeps no other from going.
                faults.Add(ExceptionDispatchInfo.Capture(fault));
            }

            remaining.AddRange(objects.Current(resource).Range(prefix).Select(left => (resource, left)));
        }

        // 2. Say what holds it, or let it go.
        if (remaining.Count > 0)
        {
            await writer.UpdateAsync(Namespaces, item.Cluster, "", item.Name, "status", Manager, json => Report(json, remaining, [.. faults.Select(f => f.SourceException.Message)]), cancellationToken);
            faults.FirstOrDefault()?.Throw();
            return Unfinished(key, remaining.Count);
        }

        await writer.UpdateAsync(Namespaces, item.Cluster, "", item.Name, "finalize", Manager, RemoveFinalizer, cancellationToken);
        return true;
    }

    /// <summary>What was under way when a namespace went may have landed after it was found empty: nobody could reach that any more.</summary>
    private async ValueTask SweepAsync(string key, CancellationToken cancellationToken)
    {
        if (!KeyParts.TryParse(key, out KeyParts parts))
        {
            return;
        }

        ClusterName cluster = StoreKey.ParseCluster(key.AsSpan(parts.Cluster, parts.Namespace - parts.Cluster - 1));
        string name = key[parts.Name..];

        // Looked at in this order: what is found here and has no namespace then is nobody's, even if one of that name is made again meanwhile.
        (ResourceDefinition Resource, CachedObject Item)[] left =
            [.. resources.Stored(cluster).Where(r => r.Namespaced).SelectMany(r => Caches.For(r.GroupResource).Current.Range(StoreKey.Prefix(r.GroupResource, cluster, name)).Select(item => (r, item)))];
        if (left.Length == 0 || !objects.Serves(cluster) || objects.Exists(Namespaces, cluster, "", name))
        {
            return;
        }

        foreach ((ResourceDefinition resource, CachedObject item) in left.Where(l => !Clusters.BaseLayer.IsTombstone(l.Item.Json.Span)))
        {
            await writer.DeleteAsync(resource, cluster, name, item.Name, new DeleteOptions { PropagationPolicy = "Background", Uid = KubeObject.Parse(item.Json.Span).Uid }, cancellationToken);
        }
    }

    private static void RemoveFinalizer(JsonObject json)
    {
        if (json.NodeAt("spec", "finalizers") is JsonArray finalizers)
        {
            finalizers.RemoveAll(f => f?.GetValue<string>() == "kubernetes");
            if (finalizers.Count == 0)
            {
                ((JsonObject)json["spec"]!).Remove("finalizers");
            }
        }
    }

    private void Report(JsonObject json, List<(ResourceDefinition Resource, CachedObject Item)> remaining, IReadOnlyCollection<string> faults)
    {
        if (!json.IsDeleting)
        {
            return;
        }

        JsonObject status = json.ObjectAt("status");
        status["phase"] = "Terminating";
        string now = Time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        DefinitionStatus.Set(status, "NamespaceDeletionDiscoveryFailure", "False", "ResourcesDiscovered", "All resources successfully discovered", now);
        DefinitionStatus.Set(status, "NamespaceDeletionGroupVersionParsingFailure", "False", "ParsedGroupVersions", "All legacy kube types successfully parsed", now);
        DefinitionStatus.Set(
            status, "NamespaceDeletionContentFailure", faults.Count > 0 ? "True" : "False", faults.Count > 0 ? "ContentDeletionFailed" : "ContentDeleted",
            faults.Count > 0 ? $"Failed to delete all resource types, {faults.Count} remaining: {string.Join(", ", faults)}" : "All content successfully deleted, may be waiting on finalization", now);
        IEnumerable<string> counts = remaining
            .GroupBy(r => $"{r.Resource.Resource.Resource}.{r.Resource.Resource.Group}")
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => $"{g.Key} has {g.Count()} resource instances");
        DefinitionStatus.Set(status, "NamespaceContentRemaining", "True", "SomeResourcesRemain", $"Some resources are remaining: {string.Join(", ", counts)}", now);
        string[] holders = [.. remaining
            .SelectMany(r => KubeObject.Parse(r.Item.Json.Span).Finalizers)
            .GroupBy(f => f, StringComparer.Ordinal)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => $"{g.Key} in {g.Count()} resource instances")];
        DefinitionStatus.Set(
            status, "NamespaceFinalizersRemaining", holders.Length > 0 ? "True" : "False", holders.Length > 0 ? "SomeFinalizersRemain" : "ContentHasNoFinalizers",
            holders.Length > 0 ? $"Some content in the namespace has finalizers remaining: {string.Join(", ", holders)}" : "All content-preserving finalizers finished", now);
    }
}
