using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;
using Orrery.Server.Webhooks;

namespace Orrery.Server.CustomResources;

/// <summary>The question and answer of a conversion webhook. Upstream: apiextensions <c>pkg/apiserver/conversion/webhook_converter.go</c>.</summary>
internal static class ConversionReview
{
    private const string Group = "apiextensions.k8s.io/";

    /// <summary>What a webhook may change of metadata; everything else stays the object's own.</summary>
    private static readonly string[] Convertible = ["labels", "annotations"];

    public static JsonObject Ask(string version, string uid, IReadOnlyList<JsonObject> objects, string apiVersion) => new()
    {
        ["kind"] = "ConversionReview",
        ["apiVersion"] = Group + version,
        ["request"] = new JsonObject
        {
            ["uid"] = uid,
            ["desiredAPIVersion"] = apiVersion,
            ["objects"] = new JsonArray([.. objects.Select(o => o.DeepClone())]),
        },
    };

    /// <param name="objects">As they were sent.</param>
    /// <returns>The same objects, in their order, in the version that was asked for.</returns>
    /// <exception cref="WebhookException">It is no answer to that question.</exception>
    public static IReadOnlyList<JsonObject> Read(string version, string uid, JsonObject review, IReadOnlyList<JsonObject> objects, string apiVersion)
    {
        if (version == "v1" && (review.ApiVersion != Group + "v1" || review.Kind != "ConversionReview"))
        {
            throw new WebhookException($"expected webhook response of {Group}v1, Kind=ConversionReview, got {review.GroupVersionKind}");
        }

        JsonObject response = review.Child("response") ?? throw new WebhookException("no response provided");
        if (version == "v1" && response.Text("uid") != uid)
        {
            throw new WebhookException($"expected response.uid=\"{uid}\", got \"{response.Text("uid")}\"");
        }

        JsonObject result = response.Child("result") ?? [];
        if (result.Text("status") != "Success")
        {
            throw new WebhookException(result.Text("message") is { Length: > 0 } said ? said : $"response.result.status was '{result.Text("status")}', not 'Success'");
        }

        JsonArray converted = response.List("convertedObjects") ?? [];
        if (converted.Count != objects.Count)
        {
            throw new WebhookException($"returned {converted.Count} objects, expected {objects.Count}");
        }

        return [.. objects.Select((before, i) => Check(before, converted[i]?.DeepClone() as JsonObject ?? throw Invalid(i, "it is no object"), i, apiVersion))];
    }

    private static JsonObject Check(JsonObject before, JsonObject after, int index, string apiVersion)
    {
        if (after.ApiVersion != apiVersion)
        {
            throw Invalid(index, $"invalid groupVersion (expected {apiVersion}, received {after.ApiVersion})");
        }

        if (after.Kind != before.Kind)
        {
            throw Invalid(index, $"invalid kind (expected {before.Kind}, received {after.Kind})");
        }

        if (after["metadata"] is not JsonObject metadata)
        {
            throw Invalid(index, "invalid metadata: it is missing");
        }

        foreach (string member in new[] { "name", "namespace", "uid" })
        {
            if (metadata.Text(member) != before.Metadata.Text(member))
            {
                throw Invalid(index, $"must have the same {(member == "uid" ? "UID" : member)}: {before.Metadata.Text(member)} != {metadata.Text(member)}");
            }
        }

        var kept = (JsonObject)before.Metadata.DeepClone();
        foreach (string member in Convertible)
        {
            kept.CopyFrom(metadata, member);
        }

        if (ObjectMetaRules.Validate(new JsonObject { ["metadata"] = kept.DeepClone() }, before.Namespace.Length > 0, _ => []) is { Count: > 0 } faults)
        {
            throw Invalid(index, $"invalid metadata: {faults[0]}");
        }

        after["metadata"] = kept;
        return after;
    }

    private static WebhookException Invalid(int index, string why) => new($"returned invalid converted object at index {index}: {why}");
}
