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
        JsonObject eviction = SubresourceBody.Parse(Kind, await RequestBody.ReadJsonAsync(request.Http.Request, Kind.Kind, cancellationToken));
        DeleteOptions options = DeleteOptions.Read(request.Query, eviction["deleteOptions"] as JsonObject);
        var pod = KubeObject.Parse(request.Require(request.Name).Json.Span);
        WriteScope scope = DeleteHandler.Scope(request, request.Name, options);
        eviction = await SubresourceBody.AdmitAsync(request, scope, Kind, eviction, cancellationToken);
        options = DeleteOptions.Read(request.Query, eviction["deleteOptions"] as JsonObject);

        JsonObject Disrupt(JsonObject current)
        {
            // Whoever watches the pod learns why it goes.
            DefinitionStatus.Set(current.ObjectAt("status"), "DisruptionTarget", "True", "EvictionByEvictionAPI", "Eviction API: evicting", Now(request));
            return current;
        }

        // A pod that runs no more, or never did, disrupts nobody.
        if (pod.TextAt("status", "phase") is "Running" or "Unknown" && !pod.IsDeleting)
        {
            await SpendAsync(request, pod, options.DryRun, cancellationToken);
        }

        await request.Server.Update.UpdateAsync(
            scope with { Subresource = "status" },
            new ObjectChange { IsPatch = true, HasManagedFields = true, IsAdmitted = true, Wanted = Disrupt },
            cancellationToken);
        await request.Server.Deletion.DeleteAsync(scope, options, cancellationToken, isAdmitted: true);
        await SubresourceBody.WriteSuccessAsync(request, cancellationToken);
    }

    private static async ValueTask SpendAsync(ResourceRequest request, KubeObject pod, bool dryRun, CancellationToken cancellationToken)
    {
        string prefix = StoreKey.Prefix(Budgets.GroupResource, request.Cluster, request.Namespace);
        List<CachedObject> budgets = [.. request.Server.Objects.Current(Budgets).Range(prefix).Where(b => Covers(b, pod))];
        if (budgets.Count > 1)
        {
            throw ApiErrors.InternalError("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
        }

        if (budgets.Count == 0)
        {
            return;
        }

        string now = Now(request);
        void Take(JsonObject budget)
        {
            long allowed = budget.NumberAt("status", "disruptionsAllowed") ?? 0;
            if (allowed <= 0 || (budget.NumberAt("status", "observedGeneration") ?? 0) < budget.Generation)
            {
                throw Refusal(budget.Name);
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
    }

    private static string Now(ResourceRequest request) => request.Server.Time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static bool Covers(CachedObject budget, KubeObject pod)
    {
        JsonObject json = StoredJson.Parse(budget.Json.Span);
        return json.NodeAt("spec", "selector") is JsonObject selector && LabelSelector.FromJson(selector).Matches(pod.Labels);
    }

    private static StatusException Refusal(string budget) => new(new Status
    {
        Code = 429,
        Reason = StatusReason.TooManyRequests,
        Message = "Cannot evict pod as it would violate the pod's disruption budget.",
        Details = new StatusDetails { Causes = [new StatusCause("DisruptionBudget", $"The disruption budget {budget} does not allow another disruption now", "")] },
    });
}
