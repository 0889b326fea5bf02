using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Admission.Matching;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission.Policies;

/// <summary>
/// The policies of each cluster that are bound, compiled when they are first needed and again only when they change. A cluster
/// without policies costs a look at an empty range and keeps nothing.
/// </summary>
/// <param name="policies">Resource of the policies.</param>
/// <param name="bindings">Resource of their bindings.</param>
/// <param name="compile">From a policy's spec.</param>
internal sealed class PolicySet<T>(CacheSet caches, GroupResource policies, GroupResource bindings, Func<JsonObject, T> compile)
    where T : class
{
    private readonly ResourceCache policyCache = caches.For(policies);
    private readonly ResourceCache bindingCache = caches.For(bindings);
    private readonly ConcurrentDictionary<ClusterName, Entry> clusters = new();
    private readonly ConditionalWeakTable<CachedObject, Policy<T>> compiledPolicies = [];
    private readonly ConditionalWeakTable<CachedObject, PolicyBinding> compiledBindings = [];

    /// <summary>Policies in the order of their names, each with at least one binding.</summary>
    public IReadOnlyList<BoundPolicy<T>> For(ClusterName cluster)
    {
        CacheSnapshot bound = bindingCache.Current, defined = policyCache.Current;
        if (bound.Objects.Count == 0 || defined.Objects.Count == 0)
        {
            return [];
        }

        clusters.TryGetValue(cluster, out Entry? known);
        if (known is not null && ReferenceEquals(known.Policies, defined.Objects) && ReferenceEquals(known.Bindings, bound.Objects))
        {
            return known.Bound;
        }

        CachedObject[] of = [.. bound.Range(StoreKey.Prefix(bindings, cluster))];
        if (of.Length == 0)
        {
            clusters.TryRemove(cluster, out _);
            return [];
        }

        BoundPolicy<T>[] made = Bind(of, [.. defined.Range(StoreKey.Prefix(policies, cluster))]);
        clusters[cluster] = new Entry(defined.Objects, bound.Objects, made);
        return made;
    }

    public void Forget(ClusterName cluster) => clusters.TryRemove(cluster, out _);

    private BoundPolicy<T>[] Bind(CachedObject[] bindingObjects, CachedObject[] policyObjects)
    {
        ILookup<string, PolicyBinding> byPolicy = bindingObjects
            .Select(o => compiledBindings.GetValue(o, static item => new PolicyBinding(StoredJson.Parse(item.Json.Span))))
            .ToLookup(b => b.PolicyName, StringComparer.Ordinal);
        return
        [
            .. policyObjects.Where(p => byPolicy.Contains(p.Name)).Select(p => new BoundPolicy<T>(
                compiledPolicies.GetValue(p, item => Policy<T>.From(StoredJson.Parse(item.Json.Span), compile)),
                [.. byPolicy[p.Name]])),
        ];
    }

    private sealed record Entry(object Policies, object Bindings, IReadOnlyList<BoundPolicy<T>> Bound);
}

/// <summary>A policy with the bindings that put it to use.</summary>
internal sealed record BoundPolicy<T>(Policy<T> Policy, IReadOnlyList<PolicyBinding> Bindings)
    where T : class;

/// <summary>What policies have in common, beside what their expressions come to.</summary>
/// <param name="ParamKind">Null where it takes no parameters.</param>
/// <param name="FailsOpen">What cannot be worked out lets the request pass.</param>
internal sealed record Policy<T>(string Name, MatchCriteria Constraints, GroupVersionKind? ParamKind, bool FailsOpen, T Program)
    where T : class
{
    public static Policy<T> From(JsonObject json, Func<JsonObject, T> compile)
    {
        JsonObject spec = json.ObjectAt("spec");
        return new Policy<T>(
            json.Name,
            MatchCriteria.OfPolicy(spec.ObjectAt("matchConstraints")),
            spec["paramKind"] is JsonObject kind ? GroupVersionKind.From(kind.TextAt("apiVersion") ?? "", kind.TextAt("kind") ?? "") : null,
            spec.TextAt("failurePolicy") == "Ignore",
            compile(spec));
    }
}

/// <summary>A binding: to what a policy applies, with which parameters, and what a refusal comes to.</summary>
internal sealed class PolicyBinding
{
    public PolicyBinding(JsonObject json)
    {
        JsonObject spec = json.ObjectAt("spec");
        Name = json.Name;
        PolicyName = spec.TextAt("policyName") ?? "";
        Resources = spec["matchResources"] is JsonObject resources ? MatchCriteria.OfPolicy(resources) : null;
        ParamRef = spec["paramRef"] is JsonObject reference ? new ParamRef(reference) : null;
        Actions = spec["validationActions"] is JsonArray actions ? [.. actions.Select(a => a!.GetValue<string>())] : [];
    }

    public string Name { get; }

    public string PolicyName { get; }

    /// <summary>Null: all that the policy itself is about.</summary>
    public MatchCriteria? Resources { get; }

    /// <summary>Null: without parameters.</summary>
    public ParamRef? ParamRef { get; }

    /// <summary><c>Deny</c>, <c>Warn</c>, <c>Audit</c>; empty for a mutating policy's.</summary>
    public IReadOnlyList<string> Actions { get; }
}
