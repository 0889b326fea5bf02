using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Server.Authentication;
using Orrery.Server.Protection;
using Orrery.Server.Requests;

namespace Orrery.Server.Audit;

/// <summary>The audit stage: decides by the policy whether a request is recorded, and how. One for all clusters of a server; an event names its cluster.</summary>
internal sealed class AuditLog(AuditOptions options, TimeProvider time, ILoggerFactory logs) : IAsyncDisposable
{
    /// <summary>What carries credentials in its body, a Work with the Secrets of its tenant among it, is never recorded beyond its metadata, whatever the policy says.</summary>
    private static readonly FrozenSet<(string Group, string Resource, string Subresource)> Secret = FrozenSet.ToFrozenSet<(string, string, string)>(
        [("", "secrets", ""), ("", "serviceaccounts", "token"), ("authentication.k8s.io", "tokenreviews", ""), (OrreryResources.Works.Group, "works", "")]);

    private readonly AuditFile file = new(options, time, logs.CreateLogger<AuditFile>());

    /// <summary>Begins the record of an authenticated request; null when the policy wants none.</summary>
    public async ValueTask<AuditTrail?> BeginAsync(HttpContext http, RequestInfo info, UserInfo user, CancellationToken cancellationToken)
    {
        if (Trail(http, info, user) is not { } trail)
        {
            return null;
        }

        http.Features.Set<Handlers.IAuditAnnotations>(trail);
        http.Features.Set(trail);
        GuardedBody.HoldEnd(http);
        await trail.ReceivedAsync(cancellationToken);
        return trail;
    }

    /// <summary>Records a request whose credential was refused.</summary>
    public async ValueTask RefusedAsync(HttpContext http, RequestInfo info, Status status, CancellationToken cancellationToken)
    {
        if (status.Code == 401 && Trail(http, info, null) is { } trail)
        {
            await trail.UnauthenticatedAsync(status, cancellationToken);
        }
    }

    public ValueTask DisposeAsync() => file.DisposeAsync();

    private AuditTrail? Trail(HttpContext http, RequestInfo info, UserInfo? user)
    {
        AuditDecision decision = options.Policy.Decide(info, user);
        if (decision.Level == AuditLevel.None)
        {
            return null;
        }

        bool isSecret = Secret.Contains((info.Group, info.Resource, info.Subresource)) || Secret.Contains((info.Group, info.Resource, ""));
        return new AuditTrail(file, time, http, info, user, isSecret ? decision with { Level = AuditLevel.Metadata } : decision);
    }
}
