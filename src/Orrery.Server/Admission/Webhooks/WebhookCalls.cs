using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Machinery.Admission;
using Orrery.Machinery.Kinds;
using Orrery.Server.Admission.Matching;
using Orrery.Server.Metrics;
using Orrery.Server.Registry;
using Orrery.Server.Webhooks;

namespace Orrery.Server.Admission.Webhooks;

/// <summary>How a call ended: an answer, or why there is none.</summary>
/// <param name="Answer">Null when the webhook failed and fails open.</param>
internal readonly record struct WebhookOutcome(AdmissionAnswer? Answer, string? FailedOpen = null);

/// <summary>What mutating and validating webhooks have in common: whether one is asked, the call, and what its failure and its refusal mean.</summary>
internal sealed class WebhookCalls(WebhookClient client, AdmissionFacts facts, NameSource names, AdmissionConfiguration configuration, AdmissionMetrics metrics, TimeProvider time, ILogger<WebhookCalls> log)
{
    /// <returns>The resource that the webhook's rules speak of, or null when it is not asked.</returns>
    /// <exception cref="StatusException">403: whether to ask could not be worked out, and the webhook fails closed.</exception>
    public async ValueTask<ResourceDefinition?> MatchAsync(Webhook webhook, AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (webhook.Criteria.Match(request, facts) is not { } matched)
        {
            return null;
        }

        await facts.PrepareAsync(request, matched, cancellationToken);
        if (webhook.Conditions.IsEmpty)
        {
            return matched;
        }

        MatchOutcome outcome = webhook.Conditions.Evaluate(facts.Input(request, matched), cancellationToken);
        if (outcome.Error is { } error && !webhook.FailsOpen)
        {
            throw ApiErrors.Forbidden(request.GroupResource, request.Name, error);
        }

        return outcome.Matches ? matched : null;
    }

    /// <exception cref="StatusException">The webhook could not be asked and fails closed (500), or may not be asked without consequences (400).</exception>
    public async ValueTask<WebhookOutcome> CallAsync(Webhook webhook, AdmissionRequest request, ResourceDefinition matched, bool mayPatch, CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        void Ended(WebhookEnd end, int code)
        {
            TimeSpan took = time.GetElapsedTime(began);
            metrics.Webhooks.End(request.Cluster.IsRoot ? webhook.Name : null, mayPatch, request.Operation, end, code, took);
            request.Notes.Waited(mayPatch, took);
        }

        if (request.DryRun && !webhook.MayBeDry)
        {
            Ended(WebhookEnd.NotAsked, 0);
            throw ApiErrors.BadRequest($"admission webhook \"{webhook.Name}\" does not support dry run");
        }

        string why;
        try
        {
            if (webhook.ReviewVersion is not { } version)
            {
                throw new WebhookException("could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)");
            }

            string uid = names.Uid();
            JsonObject review = await AskAsync(webhook, AdmissionReview.Ask(version, uid, request, matched), request, mayPatch ? configuration.Mutating : configuration.Validating, cancellationToken);
            AdmissionAnswer answer = AdmissionReview.Read(version, uid, review, mayPatch);
            Ended(answer.Allowed ? WebhookEnd.Admitted : WebhookEnd.Refused, answer.Allowed ? 200 : CodeOf(answer.Status));
            return new WebhookOutcome(answer);
        }
        catch (WebhookException fault)
        {
            why = $"failed calling webhook \"{webhook.Name}\": {fault.Message}";
        }

        Ended(webhook.FailsOpen ? WebhookEnd.FailedOpen : WebhookEnd.Failed, 500);
        log.Failed(webhook.Id, request.Cluster.ToString(), webhook.FailsOpen, why);
        return webhook.FailsOpen ? new WebhookOutcome(null, why) : throw ApiErrors.InternalError(why);
    }

    /// <summary>Puts what a webhook patched back into the version of the request.</summary>
    public ValueTask<JsonObject> BackAsync(ResourceDefinition matched, AdmissionRequest request, JsonObject json, CancellationToken cancellationToken) =>
        facts.BackAsync(matched, request, json, cancellationToken);

    /// <summary>The Status that answers a request which a webhook refused (upstream <c>webhook/errors/statuserror.go</c>).</summary>
    public static StatusException Refusal(Webhook webhook, JsonObject? status)
    {
        string denied = $"admission webhook \"{webhook.Name}\" denied the request";
        string message = status?.Text("message") is { Length: > 0 } said ? $"{denied}: {said}" : status?.Text("reason") is { Length: > 0 } reason ? $"{denied}: {reason}" : $"{denied} without explanation";
        return new StatusException(new Status
        {
            Code = CodeOf(status),
            Reason = status?.Text("reason") ?? "",
            Message = message,
            Details = status?.Child("details") is { } details ? Details(details) : null,
        });
    }

    private static int CodeOf(JsonObject? status) => status?.Number("code") is >= 400 and <= 599 and var code ? (int)code : 400;

    /// <summary>Whatever a webhook sends: what is of another type is left out.</summary>
    private static StatusDetails Details(JsonObject details) => new()
    {
        Name = details.Text("name"),
        Group = details.Text("group"),
        Kind = details.Text("kind"),
        Uid = details.Text("uid"),
        RetryAfterSeconds = (int)Math.Clamp(details.Number("retryAfterSeconds") ?? 0, 0, int.MaxValue),
        Causes = [.. details.Items("causes").Select(c => new StatusCause(c.Text("reason"), c.Text("message"), c.Text("field")))],
    };

    /// <summary>What an answer says beside yes and no.</summary>
    public static void Note(Webhook webhook, AdmissionRequest request, AdmissionAnswer answer)
    {
        foreach ((string key, string value) in answer.AuditAnnotations)
        {
            // What makes no name is left out.
            string name = $"{webhook.Name}/{key}";
            if (Names.CheckQualifiedName(name).Count == 0)
            {
                request.Notes.Annotate(name, value);
            }
        }

        foreach (string warning in answer.Warnings)
        {
            request.Notes.Warn(warning);
        }
    }

    private async ValueTask<JsonObject> AskAsync(Webhook webhook, JsonObject review, AdmissionRequest request, WebhookCredentials credentials, CancellationToken cancellationToken)
    {
        try
        {
            return await client.CallAsync(request.Cluster, webhook.Address, review, webhook.Timeout, request.Deadline, WebhookClient.MaxReviewBytes, credentials, cancellationToken);
        }
        catch (WebhookException fault)
        {
            throw new WebhookException("failed to call webhook: " + fault.Message, fault);
        }
    }
}
