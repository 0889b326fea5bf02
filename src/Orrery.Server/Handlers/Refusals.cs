using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Orrery.Api;
using Orrery.Server.Audit;
using Orrery.Server.Registry;
using Orrery.Server.Requests;

namespace Orrery.Server.Handlers;

/// <summary>Answers what is refused. A handler that knows the refusal does so itself: as an exception it is thrown anew by each method that waits for another, which costs more than the rest of it.</summary>
internal static class Refusals
{
    /// <summary>Who finds no place in its queue asks again after this many seconds.</summary>
    private const int RetryAfterSeconds = 1;

    private static readonly Status TooMany = ApiErrors.TooManyRequests("Too many requests, please try again later.", RetryAfterSeconds).Status;
    private static readonly byte[] TooManyJson = ObjectEncoding.Write(TooMany);
    private static readonly StringValues RetryAfter = RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);

    /// <summary>429. Of a flood it is what most requests end with, so that it is made once.</summary>
    /// <param name="trail">Null where the request is not recorded.</param>
    public static Task SendAwayAsync(HttpContext http, AuditTrail? trail)
    {
        trail?.Refused(TooMany, unexpected: false);
        http.Response.Headers.RetryAfter = RetryAfter;
        return Negotiation.WantsProtobuf(http.Request.Headers.Accept)
            ? ObjectResponse.WriteStatusAsync(http, TooMany, isProtobuf: true, http.RequestAborted)
            : ObjectResponse.WriteBytesAsync(http, TooMany.Code, ObjectResponse.Json, TooManyJson, http.RequestAborted);
    }

    /// <param name="info">Null where it could not be read.</param>
    /// <param name="gone">That the client is.</param>
    public static async Task AnswerAsync(ServerState server, HttpContext http, RequestInfo? info, Status status, CancellationToken gone)
    {
        AuditTrail? trail = http.Features.Get<AuditTrail>();
        if (trail is null && info is not null && server.Audit is { } audit)
        {
            await audit.RefusedAsync(http, info, status, gone);
        }

        await FailAsync(http, status, trail);
    }

    /// <param name="trail">Null where the request is not recorded.</param>
    public static async Task FailAsync(HttpContext http, Status status, AuditTrail? trail, bool isUnexpected = false)
    {
        trail?.Refused(status, isUnexpected);
        if (http.Response.HasStarted)
        {
            // Too late for a status code: cut the connection, so that the client does not take what it got for all.
            http.Abort();
            return;
        }

        if (status.Details is { RetryAfterSeconds: > 0 } details)
        {
            http.Response.Headers.RetryAfter = details.RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
        }

        await ObjectResponse.WriteStatusAsync(http, status, Negotiation.WantsProtobuf(http.Request.Headers.Accept), http.RequestAborted);
    }
}
