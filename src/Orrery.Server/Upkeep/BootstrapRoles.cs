using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Authorization;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.Registry;
using Orrery.Storage;

namespace Orrery.Server.Upkeep;

/// <summary>
/// At each start the roles and bindings that every cluster begins with are there again, with all that they grant: what a cluster deleted is restored, and to what it
/// changed is added what is missing, unless <c>rbac.authorization.kubernetes.io/autoupdate</c> is not true. Upstream:
/// <c>pkg/registry/rbac/reconciliation</c>. Clusters that changed none of them, which is most, cost nothing.
/// </summary>
internal sealed class BootstrapRoles(CacheSet caches, BaseLayer layer, LogicalClusters clusters, ILogger<BootstrapRoles> log)
{
    private const string AutoUpdate = "rbac.authorization.kubernetes.io/autoupdate";

    private static readonly GroupResource[] Resources = [.. ((string[])["clusterroles", "clusterrolebindings", "roles", "rolebindings"]).Select(name => new GroupResource("rbac.authorization.k8s.io", name))];

    public async Task ReconcileAsync(CancellationToken cancellationToken)
    {
        foreach (GroupResource resource in Resources)
        {
            foreach (CachedObject item in caches.For(resource).Current.Range(StoreKey.Prefix(resource)).ToArray())
            {
                if (layer.Find(resource, item.Cluster, $"{(item.Namespace.Length == 0 ? "-" : item.Namespace)}/{item.Name}") is { } original
                    && layer.Value(original, item.Cluster) is { } value && clusters.Fence(item.Cluster) is { } fence && Reconciled(item, value) is { } wanted)
                {
                    // Whoever changed it meanwhile, another server that starts perhaps, has the last word until the next start.
                    CommitResult commit = await caches.CommitAsync(new Transaction([.. fence, new Condition(item.Key, item.Revision)], [new Write(item.Key, wanted)]), cancellationToken);
                    if (commit.Succeeded)
                    {
                        log.RoleReconciled(resource.Resource, item.Name, item.Cluster.ToString());
                    }
                }
            }
        }
    }

    /// <summary>Null when it is as it should be, or is not to be touched.</summary>
    private static ReadOnlyMemory<byte>? Reconciled(CachedObject item, byte[] original)
    {
        if (BaseLayer.IsTombstone(item.Json.Span))
        {
            return original;
        }

        JsonObject now = StoredJson.Parse(item.Json.Span), wanted = StoredJson.Parse(original);
        if (now.Metadata.TextAt("annotations", AutoUpdate) is { } autoUpdate ? autoUpdate != "true" : !now.Metadata.ContainsKey("annotations") || wanted.Metadata.TextAt("annotations", AutoUpdate) is null)
        {
            return null;
        }

        bool isChanged = AddTexts(now, wanted, "labels") | AddTexts(now, wanted, "annotations");
        isChanged |= wanted.ContainsKey("roleRef") ? AddSubjects(now, wanted) : wanted.ContainsKey("aggregationRule") ? AddSelectors(now, wanted) : AddRules(now, wanted);
        return isChanged ? ObjectEncoding.Encode(now) : null;
    }

    private static bool AddTexts(JsonObject now, JsonObject wanted, string member)
    {
        bool isChanged = false;
        foreach ((string name, JsonNode? value) in wanted.Metadata[member] as JsonObject ?? [])
        {
            if ((now.Metadata[member] as JsonObject)?.ContainsKey(name) != true)
            {
                now.Metadata.ObjectAt(member)[name] = value?.DeepClone();
                isChanged = true;
            }
        }

        return isChanged;
    }

    private static bool AddRules(JsonObject now, JsonObject wanted)
    {
        IReadOnlyList<PolicyRule> missing = RuleCoverage.MissingRules(Rules(now), Rules(wanted));
        JsonArray rules = now["rules"] as JsonArray ?? [];
        foreach (PolicyRule rule in missing)
        {
            rules.Add((JsonNode)rule.ToJson());
        }

        if (missing.Count > 0 && rules.Parent is null)
        {
            now["rules"] = rules;
        }

        return missing.Count > 0;
    }

    private static bool AddSelectors(JsonObject now, JsonObject wanted) => Add(now.ObjectAt("aggregationRule"), wanted.ObjectAt("aggregationRule"), "clusterRoleSelectors");

    private static bool AddSubjects(JsonObject now, JsonObject wanted)
    {
        // A binding to another role is another binding.
        bool isOther = !JsonNode.DeepEquals(now["roleRef"], wanted["roleRef"]);
        if (isOther)
        {
            now["roleRef"] = wanted["roleRef"]?.DeepClone();
            now.Remove("subjects");
        }

        return Add(now, wanted, "subjects") | isOther;
    }

    private static bool Add(JsonObject now, JsonObject wanted, string member)
    {
        bool isChanged = false;
        foreach (JsonNode? item in wanted[member] as JsonArray ?? [])
        {
            if (now[member] is not JsonArray list)
            {
                now[member] = list = [];
            }

            if (!list.Any(present => JsonNode.DeepEquals(present, item)))
            {
                list.Add(item?.DeepClone());
                isChanged = true;
            }
        }

        return isChanged;
    }

    private static IReadOnlyList<PolicyRule> Rules(JsonObject role) => role["rules"] is { } rules ? PolicyRule.ListFrom(JsonSerializer.SerializeToElement(rules)) : [];
}
