using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Admission;
using Orrery.Machinery.Kinds;
using Orrery.Server.Admission.Matching;
using Orrery.Server.Webhooks;

namespace Orrery.Server.Admission.Webhooks;

/// <summary>One entry of a webhook configuration, made ready to be called. Immutable.</summary>
internal sealed class Webhook
{
    private Webhook(string configuration, int index, JsonObject json)
    {
        Name = json.Text("name");
        Id = $"{configuration}/{index}/{Name}";
        Configuration = configuration;
        Criteria = MatchCriteria.OfWebhook(json);
        Conditions = MatchConditions.Compile(json, hasParams: false);
        FailsOpen = json.Text("failurePolicy") == "Ignore";
        MayBeDry = json.Text("sideEffects") is "None" or "NoneOnDryRun";
        IsReinvoked = json.Text("reinvocationPolicy") == "IfNeeded";
        Timeout = TimeSpan.FromSeconds(json.Number("timeoutSeconds") ?? 10);
        ReviewVersion = json.Texts("admissionReviewVersions").FirstOrDefault(v => v is "v1" or "v1beta1");
        Address = WebhookAddress.Of(json.Child("clientConfig") ?? []);
    }

    public string Name { get; }

    public string Configuration { get; }

    /// <summary>Tells it from the others, also from one of the same name in another configuration.</summary>
    public string Id { get; }

    public MatchCriteria Criteria { get; }

    public MatchConditions Conditions { get; }

    /// <summary>A webhook that cannot be called lets the request pass.</summary>
    public bool FailsOpen { get; }

    /// <summary>It has no side effects, or none when it is told that nothing will be stored.</summary>
    public bool MayBeDry { get; }

    /// <summary>It wants to be asked again when others change the object after it.</summary>
    public bool IsReinvoked { get; }

    public TimeSpan Timeout { get; }

    /// <summary>Of <c>admission.k8s.io</c>; null: it knows none that there is.</summary>
    public string? ReviewVersion { get; }

    public WebhookAddress Address { get; }

    public static IEnumerable<Webhook> Of(JsonObject configuration)
    {
        string name = configuration.TextAt("metadata", "name") ?? "";
        return configuration.Items("webhooks").Select((webhook, i) => new Webhook(name, i, webhook));
    }
}
