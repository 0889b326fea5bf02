using Orrery.Machinery.Access;

namespace Orrery.Server.Authorization.Webhook;

/// <summary>An authorization webhook: a service that answers SubjectAccessReviews.</summary>
public sealed record AuthorizationWebhook
{
    /// <summary>For how long an answer counts where nothing else is said.</summary>
    public static readonly TimeSpan UsualAllowedFor = TimeSpan.FromMinutes(5);

    /// <summary>The same of one that does not allow.</summary>
    public static readonly TimeSpan UsualRefusedFor = TimeSpan.FromSeconds(30);

    /// <summary>For people.</summary>
    public required string Name { get; init; }

    public required WebhookConnection Connection { get; init; }

    /// <summary>For one call.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Zero: every request is asked about.</summary>
    public TimeSpan AllowedFor { get; init; } = UsualAllowedFor;

    /// <summary>Zero: every request is asked about.</summary>
    public TimeSpan RefusedFor { get; init; } = UsualRefusedFor;

    /// <summary><c>v1</c> or <c>v1beta1</c> of <c>authorization.k8s.io</c>.</summary>
    public string ReviewVersion { get; init; } = "v1beta1";

    /// <summary>One that cannot be asked refuses; otherwise it has no opinion, and the next one decides.</summary>
    public bool DeniesOnFailure { get; init; }

    /// <summary>Which requests it is asked about.</summary>
    public ReviewConditions Conditions { get; init; } = ReviewConditions.Compile([], out _);
}

/// <summary>How a webhook is reached: what a kubeconfig says.</summary>
/// <param name="Url">The very address that reviews are posted to.</param>
/// <param name="Handler">Makes what carries the requests: with the authorities and the certificate to use.</param>
/// <param name="Token">Asked before each request for a bearer token; null sends none.</param>
public sealed record WebhookConnection(Uri Url, Func<HttpMessageHandler> Handler, Func<CancellationToken, ValueTask<string?>> Token);
