using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;

namespace Orrery.Machinery.Quotas;

/// <summary>Whether a write fits into one quota. Upstream: apiserver <c>pkg/admission/plugin/resourcequota/controller.go</c>, CheckRequest.</summary>
public static class QuotaCheck
{
    /// <param name="quota">As it is now.</param>
    /// <param name="item">As it is to be stored.</param>
    /// <param name="old">What it replaces; null on create.</param>
    /// <param name="used">What the quota's <c>status.used</c> becomes with this write; null when the write does not touch it.</param>
    /// <returns>Why not, or null when it fits.</returns>
    public static string? Refusal(QuotaEvaluator evaluator, JsonObject quota, JsonObject item, JsonObject? old, DateTimeOffset now, out ResourceList? used)
    {
        used = null;

        // 1. The quota speaks of this resource, and of this object.
        JsonObject? status = quota.Child("status");
        ResourceList hard = ResourceList.Read(status?["hard"]);
        string[] limited = [.. evaluator.Matching(hard.Keys)];
        if (limited.Length == 0 || !evaluator.IsCounted(quota, item))
        {
            return null;
        }

        // 2. The object says what it uses, and the quota what is used.
        if (evaluator.Missing(limited, item) is { } missing)
        {
            return $"failed quota: {quota.Name}: {missing}";
        }

        ResourceList before = ResourceList.Read(status?["used"]);
        if (!limited.All(before.ContainsKey))
        {
            return $"status unknown for quota: {quota.Name}, resources: {string.Join(',', limited)}";
        }

        ResourceList wanted = evaluator.Usage(item, now);
        if (wanted.Where(w => w.Value.Sign < 0).Select(w => w.Key).ToArray() is { Length: > 0 } negative)
        {
            return $"quota usage is negative for resource(s): {string.Join(',', negative)}";
        }

        // 3. What it would use beyond what it used of this quota before. Less is given back by whoever counts again, not here.
        ResourceList more = Difference(wanted, old is not null && evaluator.IsCounted(quota, old) ? evaluator.Usage(old, now) : null).Of(limited);
        if (more.Count == 0)
        {
            return null;
        }

        ResourceList after = before.Copy();
        after.Plus(more);
        string[] exceeded = [.. more.Keys.Where(name => after[name] > hard[name])];
        if (exceeded.Length > 0)
        {
            return $"exceeded quota: {quota.Name}, requested: {more.Of(exceeded)}, used: {before.Of(exceeded)}, limited: {hard.Of(exceeded)}";
        }

        used = after;
        return null;
    }

    /// <summary>What is wanted beyond what was had; nothing that is less.</summary>
    internal static ResourceList Difference(ResourceList wanted, ResourceList? had)
    {
        var more = new ResourceList();
        foreach ((string name, Quantity amount) in wanted)
        {
            Quantity rest = had is not null && had.TryGetValue(name, out Quantity before) ? amount - before : amount;
            if (rest.Sign > 0)
            {
                more[name] = rest;
            }
        }

        return more;
    }
}
