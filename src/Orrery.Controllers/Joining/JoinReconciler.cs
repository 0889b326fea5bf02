using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Joining;

/// <summary>
/// Decides about one request for a satellite's certificate. Kubernetes' own signer then signs what is approved. An invitation is marked as used
/// by exactly this request before that, on condition that nobody was faster: two requests with one token cannot both get through.
/// </summary>
internal sealed class JoinReconciler(
    KubeClient root, Informer requests, Informer dataPlanes, IdentityReport report, EventRecorder events, TimeSpan longest, TimeProvider time, ILogger logger)
    : IReconciler<string>
{
    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        if (requests.Get(ClusterName.Root, "", key) is not { IsDeleting: false } json || SigningRequest.Of(json) is not { } request)
        {
            return ReconcileResult.Done;
        }

        if (Conditions.IsTrue(json, "Denied"))
        {
            return ReconcileResult.Done;
        }

        KubeObject? dataPlane = request.DataPlane is { } name ? dataPlanes.Get(ClusterName.Root, "", name) : null;
        if (Conditions.IsTrue(json, "Approved"))
        {
            // Requests outlive what they were for: a data plane of that name that was made anew, or whose satellite was revoked, has no part in it.
            // One that has not begun was issued while this clock was ahead: nobody is let in by it, whenever it is said to have been asked for.
            if (dataPlane is not null && request.Satellite!.Value.IsOf(dataPlane) && IssuedCertificate.Of(json) is { } issued && issued.From <= time.GetUtcNow())
            {
                if (IdentityReport.PendingOf(dataPlane) is { } pending && pending != request.Name && requests.Get(ClusterName.Root, "", pending) is { } waits)
                {
                    // What it was given before it asked an operator is looked at again, as after a restart, and tells nothing new.
                    if (waits.CreationTimestamp > json.CreationTimestamp)
                    {
                        return ReconcileResult.Done;
                    }

                    await SupersedeAsync(waits, request, cancellationToken).ConfigureAwait(false);
                }

                await report.IssuedAsync(dataPlane, request, json.CreationTimestamp ?? DateTimeOffset.MaxValue, issued, cancellationToken).ConfigureAwait(false);
            }

            return ReconcileResult.Done;
        }

        // 1. Judge, by the invitation as the server has it now.
        KubeObject? account = InvitationAccount.Parse(request.Requester) is { } invited
            ? await root.FindAsync(CoreResources.ServiceAccounts, OrreryNames.DataPlaneNamespace(invited.DataPlane), invited.Name, cancellationToken).ConfigureAwait(false)
            : null;
        Invitation? invitation = account is null ? null : Invitation.Of(account);
        JoinVerdict verdict = JoinRules.Judge(request, dataPlane, invitation, longest, time.GetUtcNow());

        // 2. Do.
        switch (verdict.Decision)
        {
            case JoinDecision.Approve:
                if (account is not null && invitation!.UsedBy is null)
                {
                    await UseAsync(account, request, cancellationToken).ConfigureAwait(false);
                }

                // From now on it is this cluster, for whoever is judged next.
                await report.AdmittedAsync(dataPlane!, request, cancellationToken).ConfigureAwait(false);
                await DecideAsync(json, "Approved", verdict, cancellationToken).ConfigureAwait(false);
                Log.JoinApproved(logger, dataPlane!.Name, request.Name, request.Requester, verdict.Reason);
                events.Normal(dataPlane, verdict.Reason, $"A certificate for its satellite was approved: {verdict.Message}");
                break;
            case JoinDecision.Wait:
                if (await report.WaitingAsync(dataPlane!, request, verdict, cancellationToken).ConfigureAwait(false))
                {
                    Log.JoinWaits(logger, dataPlane!.Name, request.Name, request.Requester);
                    events.Warning(dataPlane, verdict.Reason, verdict.Message);
                }

                break;
            default:
                await DecideAsync(json, "Denied", verdict, cancellationToken).ConfigureAwait(false);
                Log.JoinRefused(logger, request.DataPlane ?? "", request.Name, request.Requester, verdict.Reason, verdict.Message);
                foreach (KubeObject concerned in Concerned(request))
                {
                    await report.RefusedAsync(concerned, request, verdict, cancellationToken).ConfigureAwait(false);
                    events.Warning(concerned, verdict.Reason, $"A request of {request.Requester} for the certificate of {Asked(request)} was refused: {verdict.Message}");
                }

                break;
        }

        return ReconcileResult.Done;
    }

    /// <summary>Whoever asked by the former key before, and waits for an operator, has been let in otherwise, or is another by now: nobody is to approve that by mistake.</summary>
    private Task SupersedeAsync(KubeObject waits, SigningRequest granted, CancellationToken cancellationToken) => Conditions.IsTrue(waits, "Approved") || Conditions.IsTrue(waits, "Denied")
        ? Task.CompletedTask
        : DecideAsync(waits, "Denied", JoinVerdict.Refuse("Superseded", $"its satellite has got a certificate by request {granted.Name} since"), cancellationToken);

    /// <summary>The data plane whose name was asked for, and the one by whose credential it was asked.</summary>
    private IEnumerable<KubeObject> Concerned(SigningRequest request)
    {
        string? sender = InvitationAccount.Parse(request.Requester)?.DataPlane
            ?? (request.Requester.IndexOf(JoinNames.UserPrefix, StringComparison.Ordinal) is >= 0 and int at ? SatelliteUserName.Parse(request.Requester[at..])?.DataPlane : null);
        return new[] { request.DataPlane, sender }.OfType<string>().Distinct().Select(n => dataPlanes.Get(ClusterName.Root, "", n)).OfType<KubeObject>();
    }

    private static string Asked(SigningRequest request) => request.DataPlane is { } name ? $"data plane {name}" : $"\"{request.User}\"";

    /// <exception cref="StatusException">Conflict: another request was faster; tried again, and then refused.</exception>
    private Task UseAsync(KubeObject account, SigningRequest request, CancellationToken cancellationToken) => root.PatchAsync(
        CoreResources.ServiceAccounts,
        account.Namespace,
        account.Name,
        PatchKind.Merge,
        new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["resourceVersion"] = account.ResourceVersion,
                ["annotations"] = new JsonObject { [JoinNames.UsedByAnnotation] = request.Uid },
            },
        },
        cancellationToken);

    private async Task DecideAsync(KubeObject json, string condition, JoinVerdict verdict, CancellationToken cancellationToken)
    {
        JsonObject body = json.ToJsonObject();
        JsonObject status = body.ObjectAt("status");
        if (status["conditions"] is not JsonArray conditions)
        {
            status["conditions"] = conditions = [];
        }

        conditions.Add((JsonNode)new JsonObject { ["type"] = condition, ["status"] = Conditions.True, ["reason"] = verdict.Reason, ["message"] = verdict.Message });
        requests.Observe(await root.UpdateAsync(CoreResources.SigningRequests, "", json.Name, body, cancellationToken, "approval").ConfigureAwait(false));
    }
}
