using Microsoft.Extensions.Logging;
using Orrery.Server.Authentication;
using Orrery.Server.Authorization.Nodes;

namespace Orrery.Server.Authorization.Webhook;

/// <summary>What one of those who decide says.</summary>
internal enum AuthorizationVerdict
{
    /// <summary>The next one decides; where there is none it is refused.</summary>
    NoOpinion,

    Allow,

    /// <summary>Nobody after this one is asked.</summary>
    Deny,
}

/// <param name="Error">What went wrong beside; empty: nothing.</param>
internal readonly record struct AuthorizationOpinion(AuthorizationVerdict Verdict, string Reason, string Error)
{
    public static AuthorizationOpinion None { get; } = new(AuthorizationVerdict.NoOpinion, "", "");
}

/// <summary>Asks several, in the order of a configuration, until one says yes or no (apiserver <c>pkg/authorization/union</c>).</summary>
internal sealed class AuthorizerChain : IAuthorizer, IDisposable
{
    private readonly RbacAuthorizer rbac;
    private readonly NodeAuthorizer nodes;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private volatile Step[] steps = [];

    /// <param name="rbac">Also knows what no configuration changes: where credentials hold, and who may do everything.</param>
    public AuthorizerChain(AuthorizationConfiguration configuration, RbacAuthorizer rbac, NodeAuthorizer nodes, TimeProvider time, ILogger<AuthorizerChain> log)
    {
        this.rbac = rbac;
        this.nodes = nodes;
        this.time = time;
        this.log = log;
        Configure(configuration);
    }

    /// <summary>Those who decide about a user and whose rules cannot be listed: what is said of each.</summary>
    public IEnumerable<string> Unlisted(UserInfo user) => steps.SelectMany(step => step switch
    {
        { Webhook: not null } => (string[])["webhook authorizer does not support user rule resolution"],
        { Type: "Node" } when NodeIdentity.Of(user) is not null => ["node authorizer does not support user rule resolution"],
        _ => [],
    });

    /// <summary>Takes the place of what was configured before. Requests under way go on with that, so that its connections are left to end when they idle.</summary>
    public void Configure(AuthorizationConfiguration configuration) =>
        steps = [.. configuration.Authorizers.Select(a => new Step(a.Type, a.Webhook is { } webhook ? new WebhookAuthorizer(webhook, time, log) : null))];

    /// <summary>For those who cannot wait otherwise, such as an expression: the thread waits for the webhook.</summary>
    public AuthorizationDecision Authorize(AuthorizationAttributes attributes)
    {
        ValueTask<AuthorizationDecision> asked = AuthorizeAsync(attributes, CancellationToken.None);
        return asked.IsCompletedSuccessfully ? asked.Result : asked.AsTask().GetAwaiter().GetResult();
    }

    public async ValueTask<AuthorizationDecision> AuthorizeAsync(AuthorizationAttributes attributes, CancellationToken cancellationToken)
    {
        if (rbac.Settled(attributes) is { } settled)
        {
            return settled;
        }

        List<string>? reasons = null, errors = null;
        foreach (Step step in steps)
        {
            AuthorizationOpinion opinion = step switch
            {
                { Webhook: { } webhook } => await webhook.AskAsync(attributes, cancellationToken),
                { Type: "Node" } => nodes.Authorize(attributes),
                { Type: "AlwaysAllow" } => new AuthorizationOpinion(AuthorizationVerdict.Allow, "", ""),
                { Type: "AlwaysDeny" } => new AuthorizationOpinion(AuthorizationVerdict.NoOpinion, "Everything is forbidden.", ""),
                { Type: "RBAC" } => rbac.Authorize(attributes) is var by ? new AuthorizationOpinion(by.Allowed ? AuthorizationVerdict.Allow : AuthorizationVerdict.NoOpinion, by.Reason, "") : default,
                _ => AuthorizationOpinion.None,
            };
            if (opinion.Verdict != AuthorizationVerdict.NoOpinion)
            {
                return new AuthorizationDecision(opinion.Verdict == AuthorizationVerdict.Allow, opinion.Reason) { IsDenied = opinion.Verdict == AuthorizationVerdict.Deny, Error = opinion.Error };
            }

            Note(ref reasons, opinion.Reason);
            Note(ref errors, opinion.Error);
        }

        return new AuthorizationDecision(false, reasons is null ? "" : string.Join('\n', reasons)) { Error = errors is null ? "" : errors.Count == 1 ? errors[0] : $"[{string.Join(", ", errors)}]" };
    }

    public void Dispose()
    {
        foreach (Step step in steps)
        {
            step.Webhook?.Dispose();
        }
    }

    private static void Note(ref List<string>? notes, string text)
    {
        if (text.Length > 0)
        {
            (notes ??= []).Add(text);
        }
    }

    private sealed record Step(string Type, WebhookAuthorizer? Webhook);
}
