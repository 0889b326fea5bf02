using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;
using Orrery.Server.Cache;
using Orrery.Server.Webhooks;

namespace Orrery.Server.CustomResources;

/// <summary>Who converts the objects of a definition: <c>spec.conversion</c> with strategy Webhook. Shared by the clusters that have the same definition.</summary>
/// <param name="ReviewVersion"><c>v1</c> or <c>v1beta1</c>; null: it knows none that there is.</param>
internal sealed record WebhookConversion(WebhookAddress Address, string? ReviewVersion)
{
    /// <summary>What came of an object in another version, by its apiVersion, for as long as that object is in a cache: readers and watchers ask the webhook once.</summary>
    public ConditionalWeakTable<CachedObject, ConcurrentDictionary<string, CachedObject>> Converted { get; } = [];

    /// <summary>Null for a definition whose versions differ in their name alone.</summary>
    public static WebhookConversion? Of(JsonObject spec) => spec.Child("conversion") is { } conversion && conversion.Text("strategy") == "Webhook" && conversion.Child("webhook") is { } webhook
        ? new WebhookConversion(WebhookAddress.Of(webhook.Child("clientConfig") ?? []), webhook.Texts("conversionReviewVersions").FirstOrDefault(v => v is "v1" or "v1beta1"))
        : null;
}
