using Orrery.Api;
using Orrery.Server.Admission.Matching;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.Fairness;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission.Webhooks;

/// <summary>
/// Asks the webhooks of ValidatingWebhookConfigurations, all at once; of several refusals the first in order of the
/// configurations is answered. Upstream: apiserver <c>pkg/admission/plugin/webhook/validating/dispatcher.go</c>.
/// </summary>
internal sealed class ValidatingWebhooks(CacheSet caches, WebhookCalls calls, FairQueue seats) : IValidatingPlugin, IClusterMemory
{
    private readonly WebhookSet set = new(caches, new GroupResource("admissionregistration.k8s.io", "validatingwebhookconfigurations"));

    public string Name => "ValidatingAdmissionWebhook";

    public void Forget(ClusterName cluster) => set.Forget(cluster);

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (set.For(request.Cluster) is not { Count: > 0 } webhooks || Exemptions.IsExempt(request))
        {
            return;
        }

        var asked = new List<(Webhook Webhook, ResourceDefinition Matched)>();
        foreach (Webhook webhook in webhooks)
        {
            if (await calls.MatchAsync(webhook, request, cancellationToken) is { } matched)
            {
                asked.Add((webhook, matched));
            }
        }

        Verdict[] verdicts = asked.Count == 0 ? [] : await AskAsync(asked, request, cancellationToken);

        // What all of them have to say is said, also beside a refusal.
        for (int i = 0; i < verdicts.Length; i++)
        {
            if (verdicts[i].Outcome.Answer is { } answer)
            {
                WebhookCalls.Note(asked[i].Webhook, request, answer);
            }
            else if (verdicts[i].Outcome.FailedOpen is not null)
            {
                request.Notes.Annotate($"failed-open.validating.webhook.admission.k8s.io/round_0_index_{i}", asked[i].Webhook.Name);
            }
        }

        for (int i = 0; i < verdicts.Length; i++)
        {
            if (verdicts[i].Failure is { } failure)
            {
                throw failure;
            }

            if (verdicts[i].Outcome.Answer is { Allowed: false } answer)
            {
                throw WebhookCalls.Refusal(asked[i].Webhook, answer.Status);
            }
        }
    }

    private async Task<Verdict[]> AskAsync(List<(Webhook Webhook, ResourceDefinition Matched)> asked, AdmissionRequest request, CancellationToken cancellationToken)
    {
        using Aside aside = seats.SetAside(request.Cluster);
        return await Task.WhenAll(asked.Select(a => AskAsync(a.Webhook, request, a.Matched, cancellationToken)));
    }

    private async Task<Verdict> AskAsync(Webhook webhook, AdmissionRequest request, ResourceDefinition matched, CancellationToken cancellationToken)
    {
        try
        {
            return new Verdict(await calls.CallAsync(webhook, request, matched, mayPatch: false, cancellationToken), null);
        }
        catch (StatusException failure)
        {
            return new Verdict(default, failure);
        }
    }

    private readonly record struct Verdict(WebhookOutcome Outcome, StatusException? Failure);
}
