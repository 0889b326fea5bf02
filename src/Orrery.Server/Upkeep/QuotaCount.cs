using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Machinery.Kinds;
using Orrery.Machinery.Quotas;
using Orrery.Server.Admission.Quota;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Upkeep;

/// <summary>Counts what a ResourceQuota's namespace uses, and writes that into its status. Upstream: pkg/controller/resourcequota.</summary>
internal sealed class QuotaCount(CacheSet caches, Writer writer, TimeProvider time) : IFollowUp
{
    private const string Manager = "kube-controller-manager";
    private static readonly GroupResource Pods = new("", "pods");
    private static readonly ResourceDefinition PodDefinition = BuiltinResources.Instance.Require("", "v1", "pods");
    private static readonly ResourceDefinition Quotas = BuiltinResources.Instance.Require("", "v1", "resourcequotas");

    public bool Concerns(GroupResource resource) => resource == Quotas.GroupResource;

    /// <summary>A new quota knows what is used before its maker hears of it.</summary>
    public async ValueTask FollowAsync(ClusterName cluster, string ns, string name, CancellationToken cancellationToken)
    {
        string key = Quotas.KeyOf(cluster, ns, name);
        while (caches.For(Quotas.GroupResource).Current.Get(key) is { } quota && !await CountAsync(quota, cancellationToken))
        {
            // It was charged meanwhile: count again.
        }
    }

    /// <returns>False: the quota changed meanwhile.</returns>
    public async ValueTask<bool> CountAsync(CachedObject quota, CancellationToken cancellationToken)
    {
        // Everything that is charged on this quota so far must be among what is counted.
        await caches.WaitForAsync(quota.Revision, cancellationToken);
        JsonObject json = StoredJson.Parse(quota.Json.Span);
        ResourceList hard = ResourceList.Read(json.NodeAt("spec", "hard"));
        ResourceList used = Count(quota, json, hard);
        if (JsonFields.Same(json.NodeAt("status", "hard"), hard.ToJson()) && JsonFields.Same(json.NodeAt("status", "used"), used.ToJson()))
        {
            return true;
        }

        bool isSame = true;
        await writer.UpdateAsync(
            Quotas, quota.Cluster, quota.Namespace, quota.Name, "status", Manager,
            now =>
            {
                isSame = now.ResourceVersion == json.ResourceVersion;
                if (isSame)
                {
                    JsonObject status = now.ObjectAt("status");
                    status["hard"] = hard.ToJson();
                    status["used"] = used.ToJson();
                }
            },
            cancellationToken);
        return isSame;
    }

    private ResourceList Count(CachedObject quota, JsonObject json, ResourceList hard)
    {
        var used = new ResourceList();
        IReadOnlyList<QuotaScope> scopes = QuotaScope.Of(json);
        foreach (GroupResource resource in hard.Keys.SelectMany(QuotaEvaluator.UsersOf).Distinct())
        {
            QuotaEvaluator evaluator = QuotaEvaluator.For(resource, new QuotaSurroundings(caches, quota.Cluster, quota.Namespace));
            string[] names = [.. evaluator.Matching(hard.Keys)];
            ResourceList sum = Sum(evaluator, resource, quota, scopes, names);
            foreach (string name in names)
            {
                used.Plus(name, sum.GetValueOrDefault(name));
            }
        }

        return used;
    }

    private ResourceList Sum(QuotaEvaluator evaluator, GroupResource resource, CachedObject quota, IReadOnlyList<QuotaScope> scopes, string[] names)
    {
        CacheSnapshot objects = caches.For(resource).Current;
        string prefix = StoreKey.Prefix(resource, quota.Cluster, quota.Namespace);

        // A number of objects is known without looking at them, but that of pods, of which some stand for others.
        if (scopes.Count == 0 && resource != Pods && names.All(n => n.StartsWith("count/", StringComparison.Ordinal) || n == resource.Resource))
        {
            var count = new ResourceList();
            Array.ForEach(names, n => count[n] = Quantity.FromWhole(objects.Count(prefix)));
            return count;
        }

        var sum = new ResourceList();
        foreach (CachedObject item in objects.Range(prefix))
        {
            JsonObject json = StoredJson.Parse(item.Json.Span);
            if (resource == Pods && StandsForAnother(item, json, objects))
            {
                continue;
            }

            if (scopes.All(scope => evaluator.IsIn(scope, json)))
            {
                sum.Plus(evaluator.Usage(json, time.GetUtcNow()));
            }
        }

        return sum;
    }

    /// <summary>
    /// A pod that a tenant made itself was charged when it was made, and counts once: what is mirrored of it from the data planes in which it runs does not count again.
    /// Mirrored pods of workloads, which nobody was charged for, count.
    /// </summary>
    private static bool StandsForAnother(CachedObject item, JsonObject json, CacheSnapshot pods)
    {
        string dataPlane = json.TextAt("metadata", "labels", OrreryNames.DataPlaneLabel) ?? "";
        if (dataPlane.Length == 0 || !json.Metadata.Texts("finalizers").Contains(OrreryNames.MirrorFinalizer) || !item.Name.EndsWith("." + dataPlane, StringComparison.Ordinal))
        {
            return false;
        }

        string original = item.Name[..^(dataPlane.Length + 1)];
        return pods.Get(PodDefinition.KeyOf(item.Cluster, item.Namespace, original)) is not null;
    }
}
