using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Patches;
using Orrery.Server.Admission.Matching;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.Fairness;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission.Webhooks;

/// <summary>
/// Asks the webhooks of MutatingWebhookConfigurations one after the other, each about the object as the one before left it.
/// Upstream: apiserver <c>pkg/admission/plugin/webhook/mutating/dispatcher.go</c>.
/// </summary>
internal sealed class MutatingWebhooks(CacheSet caches, WebhookCalls calls, FairQueue seats) : IMutatingPlugin, IClusterMemory
{
    private const string Annotation = "mutation.webhook.admission.k8s.io";

    /// <summary>What is put into one of these is nobody's to read in a record.</summary>
    private static readonly GroupResource Secrets = new("", "secrets");

    private readonly WebhookSet set = new(caches, new GroupResource("admissionregistration.k8s.io", "mutatingwebhookconfigurations"));

    public string Name => "MutatingAdmissionWebhook";

    public void Forget(ClusterName cluster) => set.Forget(cluster);

    public async ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (set.For(request.Cluster) is not { Count: > 0 } webhooks || Exemptions.IsExempt(request))
        {
            return;
        }

        Memory memory = request.Reinvocation.Of<Memory>(this);
        if (request.Reinvocation.IsSecondRun && !JsonNode.DeepEquals(memory.LastOutput, request.Object))
        {
            // The server's own plugins changed it again.
            memory.AskAgain();
        }

        for (int i = 0; i < webhooks.Count; i++)
        {
            Webhook webhook = webhooks[i];

            // One that was not asked before is not asked now either, even if it matches by now.
            if (await calls.MatchAsync(webhook, request, cancellationToken) is not { } matched || (request.Reinvocation.IsSecondRun && !memory.Again.Contains(webhook.Id)))
            {
                continue;
            }

            if (await AskAsync(webhook, i, request, matched, cancellationToken))
            {
                memory.AskAgain();
                request.Reinvocation.Want();
            }

            if (webhook.IsReinvoked)
            {
                memory.Asked.Add(webhook.Id);
            }
        }

        memory.LastOutput = request.Object?.DeepClone();
    }

    /// <returns>Whether the object changed.</returns>
    private async ValueTask<bool> AskAsync(Webhook webhook, int index, AdmissionRequest request, ResourceDefinition matched, CancellationToken cancellationToken)
    {
        string place = $"round_{(request.Reinvocation.IsSecondRun ? 1 : 0)}_index_{index}";
        bool changed = false;
        try
        {
            return changed = await AskAsync(webhook, place, request, matched, cancellationToken);
        }
        finally
        {
            // Also of one that refused or failed: it was asked.
            request.Notes.Annotate($"{Annotation}/{place}", $$"""{"configuration":"{{webhook.Configuration}}","webhook":"{{webhook.Name}}","mutated":{{(changed ? "true" : "false")}}}""");
        }
    }

    private async ValueTask<bool> AskAsync(Webhook webhook, string place, AdmissionRequest request, ResourceDefinition matched, CancellationToken cancellationToken)
    {
        WebhookOutcome outcome;
        using (seats.SetAside(request.Cluster))
        {
            outcome = await calls.CallAsync(webhook, request, matched, mayPatch: true, cancellationToken);
        }

        if (outcome.Answer is not { } answer)
        {
            request.Notes.Annotate($"failed-open.{Annotation}/{place}", webhook.Name);
            return false;
        }

        WebhookCalls.Note(webhook, request, answer);
        if (!answer.Allowed)
        {
            throw WebhookCalls.Refusal(webhook, answer.Status);
        }

        if (answer.Patch is not { } patch)
        {
            return false;
        }

        bool changed = await PatchAsync(webhook, request, matched, patch, cancellationToken);
        if (request.GroupResource != Secrets)
        {
            request.Notes.AnnotateContent($"patch.webhook.admission.k8s.io/{place}", () => new JsonObject
            {
                ["configuration"] = webhook.Configuration,
                ["webhook"] = webhook.Name,
                ["patch"] = patch.DeepClone(),
                ["patchType"] = "JSONPatch",
            }.ToJsonString());
        }

        return changed;
    }

    private async ValueTask<bool> PatchAsync(Webhook webhook, AdmissionRequest request, ResourceDefinition matched, JsonArray patch, CancellationToken cancellationToken)
    {
        if (request.Object is null)
        {
            throw ApiErrors.InternalError($"admission webhook \"{webhook.Name}\" attempted to modify the object, which is not supported for this operation");
        }

        var before = (JsonObject)request.Object.DeepClone();
        JsonObject json;
        try
        {
            json = JsonPatch.Apply(AdmissionFacts.As(matched, request, before)!.DeepClone(), JsonPatch.Decode(patch)) as JsonObject ?? throw ApiErrors.BadRequest("the patch leaves no object");
            request.Replace(await calls.BackAsync(matched, request, json, cancellationToken));
        }
        catch (StatusException fault)
        {
            // The webhook's owner is told why, which who sends a patch of his own is not.
            throw ApiErrors.InternalError(fault.InnerException?.Message ?? fault.Message);
        }

        return !JsonNode.DeepEquals(before, request.Object);
    }

    /// <summary>Which webhooks have been asked about one request.</summary>
    private sealed class Memory
    {
        /// <summary>Those that want to be asked again after a change, since the last change.</summary>
        public HashSet<string> Asked { get; } = new(StringComparer.Ordinal);

        public HashSet<string> Again { get; } = new(StringComparer.Ordinal);

        public JsonNode? LastOutput { get; set; }

        public void AskAgain()
        {
            Again.UnionWith(Asked);
            Asked.Clear();
        }
    }
}
