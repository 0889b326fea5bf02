using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Machinery.Admission;
using Orrery.Machinery.Schemas;
using Orrery.Server.Registry;

namespace Orrery.Server.Authorization.Webhook;

/// <summary>Asks one authorization webhook, and remembers its answers for a while. Rules of apiserver <c>plugin/pkg/authorizer/webhook</c>.</summary>
internal sealed class WebhookAuthorizer(AuthorizationWebhook webhook, TimeProvider time, ILogger log) : IDisposable
{
    private const int MostRemembered = 8192;

    /// <summary>What a requester can make long is not remembered when it is: memory would be theirs to fill.</summary>
    private const int LongestRemembered = 10_000;

    private const int LongestAnswer = 1024 * 1024;
    private const int Tries = 5;
    private const double Growth = 1.5;
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(500);

    private readonly HttpClient client = new(webhook.Connection.Handler()) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = LongestAnswer };
    private readonly ConcurrentDictionary<string, (AuthorizationOpinion Opinion, DateTimeOffset Until)> remembered = new(StringComparer.Ordinal);

    public void Dispose() => client.Dispose();

    public async ValueTask<AuthorizationOpinion> AskAsync(AuthorizationAttributes attributes, CancellationToken cancellationToken)
    {
        // 1. Is it asked about this at all.
        if (!webhook.Conditions.IsEmpty)
        {
            MatchOutcome outcome = webhook.Conditions.Evaluate(ReviewSpec.Complete(attributes), cancellationToken);
            if (!outcome.Matches)
            {
                return outcome.Error is { } why ? OnFailure(why) : AuthorizationOpinion.None;
            }
        }

        // 2. Has it been asked before.
        JsonObject spec = ReviewSpec.ForWire(attributes, webhook.ReviewVersion);
        string key = $"{attributes.Cluster} {spec.ToJsonString()}";
        if (remembered.TryGetValue(key, out (AuthorizationOpinion Opinion, DateTimeOffset Until) known) && known.Until > time.GetUtcNow())
        {
            return known.Opinion;
        }

        // 3. Ask.
        AuthorizationOpinion opinion;
        try
        {
            opinion = Read(await PostAsync(spec, cancellationToken));
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or FormatException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            log.WebhookNotAsked(webhook.Name, fault.Message);
            return OnFailure(fault is OperationCanceledException ? $"Post \"{webhook.Connection.Url}\": context deadline exceeded" : fault.Message);
        }

        Remember(key, attributes, opinion);
        return opinion;
    }

    private AuthorizationOpinion OnFailure(string why) => new(webhook.DeniesOnFailure ? AuthorizationVerdict.Deny : AuthorizationVerdict.NoOpinion, "", why);

    private async Task<JsonObject> PostAsync(JsonObject spec, CancellationToken cancellationToken)
    {
        byte[] body = ObjectEncoding.Write(new JsonObject
        {
            ["kind"] = "SubjectAccessReview",
            ["apiVersion"] = $"authorization.k8s.io/{webhook.ReviewVersion}",
            ["metadata"] = new JsonObject(),
            ["spec"] = spec,
            ["status"] = new JsonObject { ["allowed"] = false },
        });
        TimeSpan wait = FirstWait;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await TryAsync(body, cancellationToken);
            }
            catch (HttpRequestException fault) when (attempt < Tries
                && (fault.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.InternalServerError || fault.InnerException is IOException { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionReset } }))
            {
                await Task.Delay(wait, time, cancellationToken);
                wait *= Growth;
            }
        }
    }

    private async Task<JsonObject> TryAsync(byte[] body, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(webhook.Timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Post, webhook.Connection.Url) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (await webhook.Connection.Token(both.Token) is { } token)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        using HttpResponseMessage answer = await client.SendAsync(request, both.Token);
        byte[] said = await answer.Content.ReadAsByteArrayAsync(both.Token);
        return !answer.IsSuccessStatusCode ? throw new HttpRequestException($"the webhook answered {(int)answer.StatusCode}", null, answer.StatusCode)
            : JsonBody.Parse(said) as JsonObject ?? throw new FormatException("the webhook's answer is no object");
    }

    private static AuthorizationOpinion Read(JsonObject review)
    {
        bool allowed = review.FlagAt("status", "allowed") ?? false, denied = review.FlagAt("status", "denied") ?? false;
        string reason = review.TextAt("status", "reason") ?? "", fault = review.TextAt("status", "evaluationError") ?? "";
        return denied && allowed ? new(AuthorizationVerdict.Deny, reason, "webhook subject access review returned both allow and deny response")
            : new(denied ? AuthorizationVerdict.Deny : allowed ? AuthorizationVerdict.Allow : AuthorizationVerdict.NoOpinion, reason, fault);
    }

    private void Remember(string key, AuthorizationAttributes a, AuthorizationOpinion opinion)
    {
        TimeSpan lifetime = opinion.Verdict == AuthorizationVerdict.Allow ? webhook.AllowedFor : webhook.RefusedFor;
        if (lifetime == TimeSpan.Zero || a.Namespace.Length + a.Verb.Length + a.Group.Length + a.Version.Length + a.Resource.Length + a.Subresource.Length + a.Name.Length + a.Path.Length
            + (a.FieldSelector?.Length ?? 0) + (a.LabelSelector?.Length ?? 0) >= LongestRemembered)
        {
            return;
        }

        DateTimeOffset now = time.GetUtcNow();
        if (remembered.Count >= MostRemembered)
        {
            foreach ((string old, (_, DateTimeOffset until)) in remembered)
            {
                // What still counts goes too when nothing else makes room: it is asked again.
                if (until <= now || remembered.Count >= MostRemembered)
                {
                    remembered.TryRemove(old, out _);
                }
            }
        }

        remembered[key] = (opinion, now + lifetime);
    }
}
