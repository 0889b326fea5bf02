using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;
using Orrery.Machinery.Schemas;
using Orrery.Server.Admission.Matching;
using Orrery.Server.Registry;
using Orrery.Server.Webhooks;

namespace Orrery.Server.Admission.Webhooks;

/// <summary>What a webhook answered.</summary>
/// <param name="Status">A metav1 Status in JSON; null when it gave none.</param>
/// <param name="Patch">Operations of a JSON patch; null for none.</param>
internal sealed record AdmissionAnswer(bool Allowed, JsonObject? Status, JsonArray? Patch, IReadOnlyDictionary<string, string> AuditAnnotations, IReadOnlyList<string> Warnings);

/// <summary>The question and answer of <c>admission.k8s.io</c>. Upstream: apiserver <c>pkg/admission/plugin/webhook/request</c>.</summary>
internal static class AdmissionReview
{
    private const string Group = "admission.k8s.io/";

    /// <param name="version"><c>v1</c> or <c>v1beta1</c>, which are the same but for their names.</param>
    /// <param name="matched">The resource that the webhook's rules speak of; objects are sent in its version.</param>
    public static JsonObject Ask(string version, string uid, AdmissionRequest request, ResourceDefinition matched)
    {
        JsonObject asked = ReviewRequest.Make(request, matched);
        asked.Insert(0, "uid", uid);
        asked["object"] = Copy(AdmissionFacts.As(matched, request, request.Object));
        asked["oldObject"] = Copy(AdmissionFacts.As(matched, request, request.Old));
        return new JsonObject { ["kind"] = "AdmissionReview", ["apiVersion"] = Group + version, ["request"] = asked };
    }

    /// <exception cref="WebhookException">It is no answer to that question.</exception>
    public static AdmissionAnswer Read(string version, string uid, JsonObject review, bool mayPatch)
    {
        if (review.ApiVersion is Group + "v1" or Group + "v1beta1" && review.ApiVersion != Group + version && review.Kind == "AdmissionReview")
        {
            throw new WebhookException($"failed to call webhook: converting ({review.ApiVersion[Group.Length..]}.AdmissionReview) to ({version}.AdmissionReview): unknown conversion");
        }

        if (review.Child("response") is not { } response)
        {
            throw Fault("webhook response was absent");
        }

        // v1beta1 let webhooks be careless about these.
        if (version == "v1")
        {
            Require(review, response, uid, mayPatch);
        }

        // Nobody looks at the patch of a refusal.
        bool allowed = response.Flag("allowed");
        JsonArray? patch = mayPatch && allowed && response.Text("patch") is { Length: > 0 } text ? Decode(text) : null;
        if (patch is { Count: > 0 } && version == "v1" && response.Text("patchType") is not "JSONPatch" and var type)
        {
            throw new WebhookException($"unsupported patch type \"{type}\"");
        }

        return new AdmissionAnswer(
            allowed, response.Child("status"), patch is { Count: > 0 } ? patch : null, response.TextMap("auditAnnotations"), [.. response.Texts("warnings")]);
    }

    private static void Require(JsonObject review, JsonObject response, string uid, bool mayPatch)
    {
        if (response.Text("uid") != uid)
        {
            throw Fault($"expected response.uid=\"{uid}\", got \"{response.Text("uid")}\"");
        }

        if (review.ApiVersion != Group + "v1" || review.Kind != "AdmissionReview")
        {
            throw Fault($"expected webhook response of {Group}v1, Kind=AdmissionReview, got {review.GroupVersionKind}");
        }

        bool patches = response.Text("patch").Length > 0;
        if (!mayPatch && (patches || response.Has("patchType")))
        {
            throw Fault($"validating webhook may not return response.{(patches ? "patch" : "patchType")}");
        }

        if (patches && !response.Has("patchType"))
        {
            throw Fault("webhook returned response.patch but not response.patchType");
        }

        if (!patches && response.Has("patchType"))
        {
            throw Fault("webhook returned response.patchType but not response.patch");
        }

        if (patches && response.Text("patchType").Length == 0)
        {
            throw Fault("webhook returned invalid response.patchType of \"\"");
        }
    }

    private static JsonArray Decode(string base64)
    {
        try
        {
            return JsonBody.Parse(Convert.FromBase64String(base64)) as JsonArray ?? throw new FormatException("a patch is a list of operations");
        }
        catch (FormatException fault)
        {
            throw new WebhookException($"received undecodable patch in webhook response: {fault.Message}", fault);
        }
    }

    private static JsonNode? Copy(JsonObject? json) => json?.DeepClone();

    private static WebhookException Fault(string what) => new("received invalid webhook response: " + what);
}
