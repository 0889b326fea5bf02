using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Orrery.Api;
using Orrery.Machinery;
using Orrery.Machinery.Schemas;
using Orrery.Machinery.Wire;
using Orrery.Server.Authentication;
using Orrery.Server.Authorization;
using Orrery.Server.Handlers;
using Orrery.Server.Requests;

namespace Orrery.Server.Audit;

/// <summary>The record of one request while it is served. Used by that request's stages in turn.</summary>
internal sealed class AuditTrail : IAuditAnnotations
{
    private readonly AuditFile file;
    private readonly TimeProvider time;
    private readonly HttpContext http;
    private readonly AuditDecision decision;
    private readonly AuditEvent audited;
    private readonly Lock gate = new();
    private IHttpResponseBodyFeature? direct;
    private TeeStream? answer;
    private ReadOnlyMemory<byte> request;
    private Status? failure;
    private bool panicked;
    private bool started;

    public AuditTrail(AuditFile file, TimeProvider time, HttpContext http, RequestInfo info, UserInfo? user, AuditDecision decision)
    {
        this.file = file;
        this.time = time;
        this.http = http;
        this.decision = decision;
        audited = new AuditEvent
        {
            Id = AuditId(http),
            Level = decision.Level,
            Info = info,
            Uri = RawTarget.Of(http),
            User = user,
            Source = http.Connection.RemoteIpAddress is { } address ? (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString() : "",
            UserAgent = http.Request.Headers.UserAgent.ToString(),
            Received = time.GetUtcNow(),
        };
        if (!info.Cluster.IsRoot)
        {
            audited.Annotations["orrery.dev/cluster"] = info.Cluster.IsAll ? "*" : info.Cluster.ToString();
        }

        http.Response.Headers["Audit-Id"] = audited.Id;
    }

    private bool IsLongRunning => audited.Info.Verb == "watch" || audited.Info.Subresource is "log" or "exec" or "attach" or "portforward" or "proxy" or "tunnel";

    public bool HoldsContent => decision.Level >= AuditLevel.Request;

    public void Add(string key, string value)
    {
        lock (gate)
        {
            audited.Annotations.TryAdd(key, value);
        }
    }

    public async ValueTask ReceivedAsync(CancellationToken cancellationToken)
    {
        await WriteAsync(AuditStage.RequestReceived, cancellationToken);
        if (IsLongRunning)
        {
            http.Response.OnStarting(() => StartedAsync().AsTask());
        }
        else if (decision.Level == AuditLevel.RequestResponse)
        {
            // What is written goes through a stream that keeps a copy: of the text, so that it is not compressed on its way.
            http.Request.Headers.AcceptEncoding = default;
            direct = http.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
            answer = new TeeStream(http.Response.Body);
            http.Response.Body = answer;
        }
    }

    /// <summary>An answer that is short starts after its request has ended: it stands in the record before that end all the same.</summary>
    private ValueTask StartedAsync()
    {
        if (started)
        {
            return ValueTask.CompletedTask;
        }

        started = true;
        audited.Code = failure?.Code ?? http.Response.StatusCode;
        return WriteAsync(AuditStage.ResponseStarted, CancellationToken.None);
    }

    public ValueTask UnauthenticatedAsync(Status status, CancellationToken cancellationToken)
    {
        failure = status;
        audited.Failure = status;
        audited.Code = status.Code;
        return WriteAsync(AuditStage.ResponseStarted, cancellationToken);
    }

    /// <param name="constraint">The verb of the constrained mode that allowed it; null: the plain right to impersonate did.</param>
    public void Impersonated(UserInfo user, string? constraint)
    {
        audited.Impersonated = user;
        audited.ImpersonationConstraint = constraint;
    }

    public void Authorized(AuthorizationDecision decided)
    {
        Add("authorization.k8s.io/decision", decided.Allowed ? "allow" : "forbid");
        Add("authorization.k8s.io/reason", decided.Reason);
    }

    /// <summary>The body as it came.</summary>
    public void Requested(ReadOnlyMemory<byte> body) => request = body;

    public void Refused(Status status, bool unexpected)
    {
        failure = status;
        panicked = unexpected;
    }

    /// <summary>The request has ended, however it did.</summary>
    public async ValueTask EndAsync()
    {
        if (IsLongRunning)
        {
            await StartedAsync();
        }

        if (direct is not null)
        {
            await FlushAsync();
            http.Features.Set(direct);
        }

        JsonNode? sent = Tree(request.Span);
        audited.Complete(sent as JsonObject);
        audited.Code = failure?.Code ?? http.Response.StatusCode;
        audited.Failure = failure;
        if (decision.Level >= AuditLevel.Request)
        {
            audited.Request = Embeddable(sent);
        }

        if (answer is { IsWhole: true } && failure is null)
        {
            audited.Response = Embeddable(Tree(answer.Copy.Span));
        }

        // Before the answer's last byte: what its client knows to be done is in the record. A client that has gone must not keep its request from being recorded.
        await WriteAsync(panicked ? AuditStage.Panic : AuditStage.ResponseComplete, CancellationToken.None);
    }

    private async ValueTask FlushAsync()
    {
        try
        {
            await http.Response.BodyWriter.FlushAsync(CancellationToken.None);
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The client went away, or was cut off: the record is kept all the same.
        }
    }

    private ValueTask WriteAsync(AuditStage stage, CancellationToken cancellationToken)
    {
        if (decision.OmitStages.Contains(stage))
        {
            return ValueTask.CompletedTask;
        }

        byte[] line;
        lock (gate)
        {
            line = audited.ToJson(stage, time.GetUtcNow());
        }

        // That something came need not be on its way to the disk before what is done about it.
        return stage == AuditStage.RequestReceived ? file.AppendAsync(line, cancellationToken) : file.WriteAsync(line, cancellationToken);
    }

    private JsonNode? Embeddable(JsonNode? body) => body is JsonObject json && decision.OmitManagedFields ? AuditEvent.WithoutManagedFields(json) : body;

    /// <summary>Null for what is neither JSON nor YAML nor an object in protobuf: it is left out.</summary>
    private static JsonNode? Tree(ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty)
        {
            return null;
        }

        try
        {
            return KubernetesProtobuf.IsEnveloped(body) ? KubernetesProtobuf.ToJson(body) : JsonBody.ParseDeep(body);
        }
        catch (StatusException)
        {
            return null;
        }
        catch (FormatException)
        {
            return Yaml(body);
        }
    }

    private static JsonNode? Yaml(ReadOnlySpan<byte> body)
    {
        try
        {
            return YamlJson.Parse(Encoding.UTF8.GetString(body));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>The client's own, where it is short and plain, so that events of several servers can be joined.</summary>
    private static string AuditId(HttpContext http)
    {
        string given = http.Request.Headers["Audit-Id"].ToString();
        return given.Length is > 0 and <= 64 && !given.AsSpan().ContainsAnyExceptInRange('!', '~') ? given : Guid.NewGuid().ToString();
    }
}
