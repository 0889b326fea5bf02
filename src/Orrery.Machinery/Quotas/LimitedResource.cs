using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Quotas;

/// <summary>What nobody may use where no quota speaks of it: an entry of <c>limitedResources</c> of the plugin ResourceQuota.</summary>
/// <param name="Resource">Whose objects use it.</param>
/// <param name="Contains">What the name of a limit contains, such as <c>.storageclass.storage.k8s.io/requests.storage</c>.</param>
/// <param name="Scopes">Within which an object, of whatever resource, must be spoken of.</param>
public sealed record LimitedResource(GroupResource Resource, IReadOnlyList<string> Contains, IReadOnlyList<QuotaScope> Scopes)
{
    /// <summary>What a write uses that no quota of its namespace speaks of. Upstream: apiserver <c>pkg/admission/plugin/resourcequota/controller.go</c>, CheckRequest.</summary>
    /// <param name="resource">Of which the object is.</param>
    /// <param name="quotas">Those of the namespace.</param>
    /// <param name="item">As it is to be stored.</param>
    /// <param name="old">What it replaces; null on create.</param>
    public static Uncovered Find(
        IReadOnlyList<LimitedResource> limited, GroupResource resource, QuotaEvaluator evaluator, IReadOnlyList<JsonObject> quotas, JsonObject item, JsonObject? old, DateTimeOffset now)
    {
        // 1. What must be spoken of.
        ResourceList usage = evaluator.Usage(item, now);
        string[] parts = [.. limited.Where(l => l.Resource == resource).SelectMany(l => l.Contains)];
        HashSet<string> names = [.. usage.Where(u => u.Value.Sign > 0 && parts.Any(part => u.Key.Contains(part, StringComparison.Ordinal))).Select(u => u.Key)];
        QuotaScope[] scopes = [.. limited.SelectMany(l => l.Scopes).Where(scope => evaluator.IsIn(scope, item))];
        if ((names.Count == 0 && scopes.Length == 0) || IsAsBefore())
        {
            return new Uncovered([], []);
        }

        // 2. What is spoken of: by those quotas that count the object, and of scopes by any of whose scopes it is in one.
        foreach (JsonObject quota in quotas.Where(quota => evaluator.IsCounted(quota, item)))
        {
            names.ExceptWith(evaluator.Matching(ResourceList.Read(quota["status"]?["hard"]).Keys));
        }

        HashSet<string> covered = [.. quotas.SelectMany(QuotaScope.Of).Where(scope => evaluator.IsIn(scope, item)).Select(scope => scope.Name)];
        return new Uncovered([.. names.Order(StringComparer.Ordinal)], [.. scopes.Where(scope => !covered.Contains(scope.Name))]);

        bool IsAsBefore() => old is not null && QuotaCheck.Difference(usage, evaluator.Usage(old, now)).Count == 0
            && !quotas.Any(quota => evaluator.IsCounted(quota, item) && !evaluator.IsCounted(quota, old));
    }
}

/// <summary>What is used and no quota speaks of.</summary>
/// <param name="Names">Of limits, in order.</param>
/// <param name="Scopes">As they were configured.</param>
public sealed record Uncovered(IReadOnlyList<string> Names, IReadOnlyList<QuotaScope> Scopes)
{
    /// <summary>Why the write is refused; null: it is not, for its names.</summary>
    public string? NamesRefusal => Names.Count == 0 ? null : $"insufficient quota to consume: {string.Join(',', Names)}";

    /// <summary>Why the write is refused; null: it is not, for its scopes.</summary>
    public string? ScopesRefusal =>
        Scopes.Count == 0 ? null : $"insufficient quota to match these scopes: [{string.Join(' ', Scopes.Select(s => $"{{{s.Name} {s.Operator} [{string.Join(' ', s.Values)}]}}"))}]";
}
