using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.CustomResources;
using Orrery.Server.Registry;

namespace Orrery.Server.Handlers;

/// <summary>POST to <c>pods/{name}/eviction</c>: deletes the pod where no disruption budget forbids it.</summary>
internal static class EvictionHandler
{
    private static readonly GroupVersionKind Kind = new("policy", "v1", "Eviction");
    private static readonly ResourceDefinition Budgets = BuiltinResources.Instance.Require("policy", "v1", "poddisruptionbudgets");

    public static async Task HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        // What the request itself says is looked at before its body.
        WriteOptions creation = request.WriteOptions("CreateOptions");
        JsonObject eviction = await SubresourceBody.ReadAsync(request, creation, Kind, cancellationToken);
        if (eviction.ApiVersion == "policy/v1beta1")
        {
            // The older version of the same.
            eviction["apiVersion"] = Kind.ApiVersion;
        }

        SubresourceBody.RequirePlace(request, Kind, eviction);
        DeleteOptions options = DeleteOptions.OfEviction(creation, eviction["deleteOptions"] as JsonObject);
        var pod = KubeObject.Parse(request.Require(request.Name).Json.Span);
        WriteScope scope = DeleteHandler.Scope(request, request.Name, options);
        eviction = await SubresourceBody.AdmitAsync(request, scope with { Options = creation.ToJson }, Kind, eviction, cancellationToken);
        options = DeleteOptions.OfEviction(creation, eviction["deleteOptions"] as JsonObject);

        ObjectDeletion.CheckPreconditions(scope, options, pod.ToJsonObject());

        WriteResult? marked;
        do
        {
            marked = await DisruptAsync(request, scope, options, cancellationToken);
        }
        while (marked is null);

        if (options.ResourceVersion is not null)
        {
            // The version that was asked for has just become another one, by this.
            options = options with { ResourceVersion = KubeObject.Parse(marked.Json.Span).ResourceVersion };
        }

        await request.Server.Deletion.DeleteAsync(scope, options, cancellationToken, isAdmitted: true);
        await SubresourceBody.WriteSuccessAsync(request, cancellationToken);
    }

    /// <summary>Marks the pod as one that is to go, if its budget lets it.</summary>
    /// <returns>Null when it has begun to run since it was looked at, and so is to be judged anew.</returns>
    private static async Task<WriteResult?> DisruptAsync(ResourceRequest request, WriteScope scope, DeleteOptions options, CancellationToken cancellationToken)
    {
        var pod = KubeObject.Parse(request.Require(request.Name).Json.Span);

        // A pod that runs no more, or never did, disrupts nobody.
        bool runs = Runs(pod), hasBegun = false;
        bool isSpared = runs && await SpendAsync(request, pod, options.DryRun, cancellationToken);

        JsonObject Disrupt(JsonObject current)
        {
            ObjectDeletion.CheckPreconditions(scope, options, current);
            hasBegun = !runs && Runs(KubeObject.From(current));
            if (hasBegun || (isSpared && DefinitionStatus.IsTrue(current, "Ready")))
            {
                // It has come to count for its budget meanwhile.
                throw ApiErrors.Conflict(request.Resource.GroupResource, request.Name);
            }

            // Whoever watches the pod learns why it goes.
            DefinitionStatus.Set(current.ObjectAt("status"), "DisruptionTarget", "True", "EvictionByEvictionAPI", "Eviction API: evicting", Now(request));
            return current;
        }

        try
        {
            return await request.Server.Update.UpdateAsync(
                scope with { Subresource = "status" },
                new ObjectChange { IsPatch = true, HasManagedFields = true, IsAdmitted = true, Wanted = Disrupt },
                cancellationToken);
        }
        catch (StatusException) when (hasBegun)
        {
            return null;
        }
    }

    private static bool Runs(KubeObject pod) => pod.TextAt("status", "phase") is "Running" or "Unknown" && !pod.IsDeleting;

    /// <summary>Takes the pod off the disruptions that its budget allows.</summary>
    /// <returns>Whether nothing was taken because the pod is not ready, and so counts for nothing there.</returns>
    private static async ValueTask<bool> SpendAsync(ResourceRequest request, KubeObject pod, bool dryRun, CancellationToken cancellationToken)
    {
        string prefix = StoreKey.Prefix(Budgets.GroupResource, request.Cluster, request.Namespace);
        List<CachedObject> budgets = [.. request.Server.Objects.Current(Budgets).Range(prefix).Where(b => Covers(b, pod))];
        if (budgets.Count > 1)
        {
            throw ApiErrors.InternalError("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
        }

        if (budgets.Count == 0)
        {
            return false;
        }

        if (!DefinitionStatus.IsTrue(pod.ToJsonObject(), "Ready") && LetsUnreadyGo(StoredJson.Parse(budgets[0].Json.Span)))
        {
            return true;
        }

        string now = Now(request);
        void Take(JsonObject budget)
        {
            if ((budget.NumberAt("status", "observedGeneration") ?? 0) < budget.Generation)
            {
                throw Refusal($"The disruption budget {budget.Name} is still being processed by the server.", retryAfterSeconds: 10);
            }

            long allowed = budget.NumberAt("status", "disruptionsAllowed") ?? 0;
            if (allowed <= 0)
            {
                throw Refusal($"The disruption budget {budget.Name} needs {budget.NumberAt("status", "desiredHealthy") ?? 0} healthy pods and has {budget.NumberAt("status", "currentHealthy") ?? 0} currently");
            }

            JsonObject status = budget.ObjectAt("status");
            status["disruptionsAllowed"] = allowed - 1;
            status.ObjectAt("disruptedPods")[pod.Name] = now;
        }

        if (dryRun)
        {
            Take(StoredJson.Parse(budgets[0].Json.Span));
        }
        else
        {
            await request.Server.Writer.UpdateAsync(Budgets, request.Cluster, request.Namespace, budgets[0].Name, "status", "kube-apiserver", Take, cancellationToken);
        }

        return false;
    }

    /// <summary>What the budget says of pods that run and are not ready; unless it says otherwise they may go while enough others are (<c>IfHealthyBudget</c>).</summary>
    private static bool LetsUnreadyGo(JsonObject budget) =>
        budget.TextAt("spec", "unhealthyPodEvictionPolicy") == "AlwaysAllow"
        || (budget.NumberAt("status", "desiredHealthy") is > 0 and { } desired && (budget.NumberAt("status", "currentHealthy") ?? 0) >= desired);

    private static string Now(ResourceRequest request) => request.Server.Time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static bool Covers(CachedObject budget, KubeObject pod)
    {
        JsonObject json = StoredJson.Parse(budget.Json.Span);
        return json.NodeAt("spec", "selector") is JsonObject selector && LabelSelector.FromJson(selector).Matches(pod.Labels);
    }

    private static StatusException Refusal(string why, int retryAfterSeconds = 0) => new(new Status
    {
        Code = 429,
        Reason = StatusReason.TooManyRequests,
        Message = "Cannot evict pod as it would violate the pod's disruption budget.",
        Details = new StatusDetails { Causes = [new StatusCause("DisruptionBudget", why, "")], RetryAfterSeconds = retryAfterSeconds },
    });
}
