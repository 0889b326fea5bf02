using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Tenancies;

/// <summary>Keeps, in each namespace of a tenant here, what holds it apart: Pod Security labels, network policy, quota and limits.</summary>
internal sealed class NamespaceGuards
{
    private const string ByTenant = "guard-tenant";

    private readonly SatelliteContext context;
    private readonly Dictionary<GroupVersionResource, Informer> informers;

    public NamespaceGuards(SatelliteContext context)
    {
        this.context = context;
        informers = ((ReadOnlySpan<GroupVersionResource>)[ClusterResources.NetworkPolicies, ClusterResources.ResourceQuotas, ClusterResources.LimitRanges]).ToArray()
            .ToDictionary(r => r, r => context.Following(r, OrreryNames.GuardLabel).AddIndex(ByTenant, o => [OwnerOf(o)]));
    }

    /// <summary>Something of a tenant's guards changed, or what its quotas count; with its name.</summary>
    public event Action<string>? Changed;

    public IEnumerable<Informer> All => informers.Values;

    public void Subscribe()
    {
        foreach (Informer informer in informers.Values)
        {
            informer.Subscribe(change => Changed?.Invoke(OwnerOf(change.Latest)));
        }
    }

    public static bool IsGuard(KubeObject live) => live.Labels.ContainsKey(OrreryNames.GuardLabel);

    /// <summary>Namespaces here of a tenant, sorted by name.</summary>
    public IReadOnlyList<KubeObject> NamespacesOf(string tenant) =>
        [.. context.Namespaces.All().Where(n => !n.IsDeleting && NamespaceMarks.IsMapped(n) && context.Served.TenantOf(n) == tenant).OrderBy(n => n.Name, StringComparer.Ordinal)];

    /// <summary>Where root is this very cluster, the tenant's namespaces of root are bounded by the controllers; those of another control plane's are its own.</summary>
    private bool IsHere(string ns) => context.Namespaces.Get(ClusterName.Root, "", ns) is not { } found || (NamespaceMarks.IsMapped(found) && !context.Served.IsAnothers(found));

    /// <summary>What the tenant's namespaces use together of what its quota counts.</summary>
    public IReadOnlyDictionary<string, Quantity> UsedBy(string tenant) => Sum(UsedIn(tenant).Select(u => u.Used));

    /// <summary>What is to be done for all namespaces of the tenant to be as wanted; empty once they are.</summary>
    /// <param name="tenancy">Null: nothing is wanted any more.</param>
    public IReadOnlyList<GuardStep> Steps(string tenant, Tenancy? tenancy)
    {
        List<GuardStep> steps = [];
        var kept = new HashSet<(string Kind, string Namespace, string Name)>();
        if (tenancy is not null)
        {
            foreach (KubeObject ns in NamespacesOf(tenant))
            {
                List<JsonObject> wanted = [.. Wanted(ns.Name, tenancy)];
                steps.AddRange(Steps(ns, tenancy, wanted));
                kept.UnionWith(wanted.Select(w => (w.Kind, w.Namespace, w.Name)));
            }
        }

        foreach ((GroupVersionResource resource, Informer informer) in informers)
        {
            steps.AddRange(informer.ByIndex(ByTenant, tenant)
                .Where(o => !o.IsDeleting && IsHere(o.Namespace) && !kept.Contains((KindOf(resource), o.Namespace, o.Name)))
                .OrderBy(o => o.Namespace, StringComparer.Ordinal).ThenBy(o => o.Name, StringComparer.Ordinal)
                .Select(left => new GuardStep(resource, KindOf(resource), left.Namespace, left.Name, $"delete {left.Uid}", token => DeleteAsync(resource, left, token))));
        }

        return steps;
    }

    /// <summary>Whether one namespace is not as wanted, as far as the cluster's owner lets it be.</summary>
    public bool IsLacking(KubeObject ns, Tenancy tenancy) => Allowed(ns, tenancy).Any();

    /// <summary>Brings one namespace to what is wanted, before anything else goes into it.</summary>
    public async Task EnsureAsync(KubeObject ns, Tenancy tenancy, CancellationToken cancellationToken)
    {
        foreach (GuardStep step in Allowed(ns, tenancy))
        {
            await step.Do(cancellationToken).ConfigureAwait(false);
        }
    }

    private IEnumerable<GuardStep> Allowed(KubeObject ns, Tenancy tenancy) =>
        Steps(ns, tenancy, [.. Wanted(ns.Name, tenancy)]).Where(s => context.Actions.Denies(s.Resource, s.Kind, s.Namespace, s.Name) is null);

    private IEnumerable<GuardStep> Steps(KubeObject ns, Tenancy tenancy, IReadOnlyList<JsonObject> wanted)
    {
        // 1. Pod Security.
        if (tenancy.PodSecurity.Length > 0 && !TenantGuards.IsSecured(ns, tenancy.PodSecurity))
        {
            yield return new GuardStep(ClusterResources.Namespaces, "Namespace", "", ns.Name, $"label {ns.Uid} {tenancy.PodSecurity}", token => SecureAsync(ns, tenancy, token));
        }

        // 2. Traffic and bounds.
        foreach (JsonObject json in wanted)
        {
            GroupVersionResource resource = informers.Keys.First(r => KindOf(r) == json.Kind);
            Informer informer = informers[resource];
            if (informer.Get(ClusterName.Root, json.Namespace, json.Name) is { IsDeleting: false } present && JsonComparison.Holds(json, present.Json))
            {
                continue;
            }

            yield return new GuardStep(resource, json.Kind, json.Namespace, json.Name, $"apply {ns.Uid} {json.ToJsonString()}", async token =>
                informer.Observe(await context.Actions.ApplyAsync(resource, json, force: true, "tenant " + tenancy.Tenant, token).ConfigureAwait(false)));
        }
    }

    private async Task SecureAsync(KubeObject ns, Tenancy tenancy, CancellationToken cancellationToken)
    {
        var marks = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["labels"] = new JsonObject { [TenantGuards.EnforceLabel] = tenancy.PodSecurity },
                ["annotations"] = new JsonObject { [TenantGuards.LevelAnnotation] = tenancy.PodSecurity },
            },
        };
        context.Namespaces.Observe(await context.Actions.PatchAsync(
            ClusterResources.Namespaces, "Namespace", ns.Name, marks, "tenant " + tenancy.Tenant, cancellationToken).ConfigureAwait(false));
    }

    private IEnumerable<JsonObject> Wanted(string ns, Tenancy tenancy)
    {
        if (tenancy.IsolatesNetwork)
        {
            yield return TenantGuards.NetworkPolicy(tenancy.Tenant, ns, tenancy.AllowedNamespaces);
        }

        if (tenancy.Quota.Count > 0)
        {
            yield return TenantGuards.ResourceQuota(tenancy.Tenant, ns, Share(tenancy, ns));
        }

        if (TenantGuards.LimitRange(tenancy.Tenant, ns, tenancy.Quota, tenancy.Limits, tenancy.Defaults) is { } limits)
        {
            yield return limits;
        }
    }

    /// <summary>
    /// A namespace may use what it uses already and what no namespace of the tenant uses yet. Two that grow in the same moment can pass the
    /// whole by what is free then; the next look takes it back from what grows after.
    /// </summary>
    private Dictionary<string, Quantity> Share(Tenancy tenancy, string ns)
    {
        List<(string Namespace, IReadOnlyDictionary<string, Quantity> Used)> all = UsedIn(tenancy.Tenant);
        IReadOnlyDictionary<string, Quantity> elsewhere = Sum(all.Where(u => u.Namespace != ns).Select(u => u.Used));
        IReadOnlyDictionary<string, Quantity> here = all.Find(u => u.Namespace == ns).Used ?? new Dictionary<string, Quantity>();
        return tenancy.Quota.ToDictionary(
            q => q.Key,
            q => elsewhere.TryGetValue(q.Key, out Quantity other) ? (other < q.Value ? q.Value - other : here.TryGetValue(q.Key, out Quantity used) && used < q.Value ? used : Quantity.Zero) : q.Value,
            StringComparer.Ordinal);
    }

    private List<(string Namespace, IReadOnlyDictionary<string, Quantity> Used)> UsedIn(string tenant) =>
        [.. informers[ClusterResources.ResourceQuotas].ByIndex(ByTenant, tenant).Where(q => IsHere(q.Namespace)).Select(q => (q.Namespace, KindJson.Quantities(q.At("status", "used"))))];

    private static Dictionary<string, Quantity> Sum(IEnumerable<IReadOnlyDictionary<string, Quantity>> parts)
    {
        var sum = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach ((string resource, Quantity amount) in parts.SelectMany(p => p))
        {
            sum[resource] = sum.TryGetValue(resource, out Quantity known) ? known + amount : amount;
        }

        return sum;
    }

    private async Task DeleteAsync(GroupVersionResource resource, KubeObject left, CancellationToken cancellationToken)
    {
        try
        {
            await context.Actions.DeleteAsync(resource, left, new DeleteQuery { Uid = left.Uid }, "tenant " + OwnerOf(left), cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // Gone already: what was wanted.
        }
    }

    private static string KindOf(GroupVersionResource resource) => resource == ClusterResources.NetworkPolicies ? "NetworkPolicy"
        : resource == ClusterResources.ResourceQuotas ? "ResourceQuota" : "LimitRange";

    private static string OwnerOf(KubeObject guard) => guard.Labels.GetValueOrDefault(OrreryNames.GuardLabel) ?? "";
}
