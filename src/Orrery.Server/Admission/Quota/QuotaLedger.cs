using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Apply;
using Orrery.Machinery.Quotas;
using Orrery.Server.Cache;
using Orrery.Server.Registry;
using Orrery.Storage;

namespace Orrery.Server.Admission.Quota;

/// <summary>
/// Charges a namespace's ResourceQuotas for what is written into it. The charge and the object are one transaction, on
/// condition that no quota changed since it was read: no number of writers, in however many processes, gets past a limit.
/// What is deleted is given back by <see cref="Upkeep.QuotaUsage"/>. Writes of the control plane itself, such as mirrored
/// pods, are counted there too and never refused. Upstream: apiserver <c>pkg/admission/plugin/resourcequota</c>.
/// </summary>
/// <param name="limited">What may not be used where no quota speaks of it.</param>
/// <param name="isEnabled">False: nothing is charged (the plugin <c>ResourceQuota</c> is disabled).</param>
internal sealed class QuotaLedger(ObjectStore objects, IReadOnlyList<LimitedResource> limited, bool isEnabled, TimeProvider time)
{
    /// <summary>Lost races with other processes after which the client is told to try again.</summary>
    private const int MaxAttempts = 100;

    private const string Manager = "kube-apiserver";
    private static readonly ResourceDefinition Quotas = BuiltinResources.Instance.Require("", "v1", "resourcequotas");

    private readonly QuotaTurns turns = new();

    /// <summary>Commits a write with whatever it costs.</summary>
    /// <param name="json">As it is to be stored.</param>
    /// <param name="old">What it replaces; null on create.</param>
    /// <param name="commit">Commits the write itself with what is added to it.</param>
    /// <exception cref="StatusException">403: a quota does not allow it.</exception>
    public ValueTask<CommitResult> CommitAsync(
        WriteScope scope, JsonObject json, JsonObject? old, Func<CommitAdditions, ValueTask<CommitResult>> commit, CancellationToken cancellationToken) =>
        IsCharged(scope, old) ? ChargeAsync(scope, json, old, commit, cancellationToken) : commit(default);

    /// <summary>What <see cref="CommitAsync"/> would refuse, for a write that is not committed.</summary>
    /// <exception cref="StatusException">403: a quota does not allow it.</exception>
    public void Check(WriteScope scope, JsonObject json, JsonObject? old)
    {
        if (IsCharged(scope, old))
        {
            Charge(scope, json, old);
        }
    }

    private async ValueTask<CommitResult> ChargeAsync(
        WriteScope scope, JsonObject json, JsonObject? old, Func<CommitAdditions, ValueTask<CommitResult>> commit, CancellationToken cancellationToken)
    {
        // In this process one after the other: racing each other they would only fail and try again.
        using IDisposable turn = await turns.TakeAsync(StoreKey.Prefix(Quotas.GroupResource, scope.Cluster, scope.Namespace), cancellationToken);
        for (int attempt = 1; ; attempt++)
        {
            CommitAdditions charge = Charge(scope, json, old);
            CommitResult result = await commit(charge);
            if (!charge.Failed(result))
            {
                return result;
            }

            if (attempt == MaxAttempts)
            {
                throw ApiErrors.Conflict(Quotas.GroupResource, "", "the quota has been modified; please try again");
            }

            await objects.Caches.WaitForAsync(result.Revision, cancellationToken);
        }
    }

    private bool IsCharged(WriteScope scope, JsonObject? old) =>
        isEnabled && scope.Resource.Namespaced && !scope.IsControlPlane && scope.GroupResource is not { Resource: "events" }
        && (limited.Count > 0 || HasAny(scope)) && EvaluatorOf(scope).Handles(old is null, scope.Subresource);

    private QuotaEvaluator EvaluatorOf(WriteScope scope) => QuotaEvaluator.For(scope.GroupResource, new QuotaSurroundings(objects.Caches, scope.Cluster, scope.Namespace));

    private bool HasAny(WriteScope scope)
    {
        CacheSnapshot quotas = objects.Caches.For(Quotas.GroupResource).Current;
        return quotas.Objects.Count > 0 && quotas.Count(StoreKey.Prefix(Quotas.GroupResource, scope.Cluster, scope.Namespace)) > 0;
    }

    private CommitAdditions Charge(WriteScope scope, JsonObject json, JsonObject? old)
    {
        QuotaEvaluator evaluator = EvaluatorOf(scope);
        var conditions = new List<Condition>();
        var writes = new List<Write>();
        (CachedObject Found, JsonObject Quota)[] quotas =
            [.. objects.Caches.For(Quotas.GroupResource).Current.Range(StoreKey.Prefix(Quotas.GroupResource, scope.Cluster, scope.Namespace)).Select(found => (found, StoredJson.Parse(found.Json.Span)))];
        RequireCovered(scope, evaluator, quotas, json, old);
        foreach ((CachedObject found, JsonObject quota) in quotas)
        {
            if (QuotaCheck.Refusal(evaluator, quota, json, old, time.GetUtcNow(), out ResourceList? used) is { } why)
            {
                throw ApiErrors.Forbidden(scope.GroupResource, json.Name, why);
            }

            if (used is not null)
            {
                conditions.Add(new Condition(found.Key, found.Revision));
                writes.Add(new Write(found.Key, Charged(quota, used)));
            }
        }

        return conditions.Count == 0 ? default : new CommitAdditions(conditions, writes);
    }

    private void RequireCovered(WriteScope scope, QuotaEvaluator evaluator, (CachedObject Found, JsonObject Quota)[] quotas, JsonObject json, JsonObject? old)
    {
        if (limited.Count == 0)
        {
            return;
        }

        Uncovered uncovered = LimitedResource.Find(limited, scope.GroupResource, evaluator, [.. quotas.Select(q => q.Quota)], json, old, time.GetUtcNow());
        if (uncovered.NamesRefusal is { } names)
        {
            throw ApiErrors.Forbidden(scope.GroupResource, json.Name, names);
        }

        if (uncovered.ScopesRefusal is { } scopes)
        {
            // Upstream gives this no reason, and so no other code.
            throw new StatusException(new Status { Code = 500, Message = scopes });
        }
    }

    private byte[] Charged(JsonObject quota, ResourceList used)
    {
        var before = (JsonObject)quota.DeepClone();
        quota.ObjectAt("status")["used"] = used.ToJson();
        FieldManager.Update(before, quota, Quotas.Schema, Manager, "status", time.GetUtcNow(), Quotas.Strategy.ResetFields("status"));
        return ObjectEncoding.Encode(quota);
    }
}
