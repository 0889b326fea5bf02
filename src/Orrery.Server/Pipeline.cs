using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Audit;
using Orrery.Server.Authentication;
using Orrery.Server.Authorization;
using Orrery.Server.Fairness;
using Orrery.Server.Handlers;
using Orrery.Server.Metrics;
using Orrery.Server.Protection;
using Orrery.Server.Requests;
using Orrery.Storage;

namespace Orrery.Server;

/// <summary>All that happens to a request, in the order in which it happens.</summary>
internal sealed class Pipeline(ServerState server)
{
    private readonly ILogger log = server.Loggers.CreateLogger<Pipeline>();

    public async Task InvokeAsync(HttpContext http)
    {
        CancellationToken gone = http.RequestAborted;
        long began = server.Metrics.Begin();
        RequestInfo? info = null;
        AuditTrail? trail = null;
        Seat seat = Seat.None;
        TimeSpan waited = default;
        RequestDeadline? deadline = null;
        GuardedBody answer = server.StalledClients.Guard(http);

        // No cache on the way keeps an answer for others, whatever it is; only what goes by its hash says otherwise.
        http.Response.Headers.CacheControl = "no-cache, private";
        try
        {
            // 1. What is asked, from method and raw path alone.
            bool isWithin = WebSocketUpgrade.IsWithinConnection(http);
            info = RequestInfoParser.Parse(isWithin ? HttpMethods.Get : http.Request.Method, RawTarget.Of(http), http.Request.Path.Value);
            server.Metrics.Enter(info);
            if (isWithin && !(server.SubresourceHandlers.TryGetValue((info.GroupResource, info.Subresource), out ISubresourceHandler? handler) && handler.ServesWithinConnection))
            {
                throw ApiErrors.MethodNotAllowed();
            }

            deadline = RequestDeadline.Of(info, IsLongRunning(info), server.Time, gone);
            CancellationToken ended = deadline.Token;

            // 2. Whoever was answered by another server on the same store finds the same here: objects, rights and tokens.
            //    Lists and watches say themselves how new their state must be.
            if (info.IsResourceRequest && info.Verb is not ("list" or "watch"))
            {
                await server.Caches.CatchUpAsync(ended);
            }

            // 3. Who asks: 401.
            UserInfo user = await server.Access.Authenticator.AuthenticateAsync(http, info, ended);

            // 4. Audit: what follows is recorded with its user. Then as whom: 403 for an impersonation that is not allowed.
            trail = server.Audit is null ? null : await server.Audit.BeginAsync(http, info, user, gone);
            user = await server.Access.Impersonation.ApplyAsync(user, info, http.Request.Headers, trail, ended);

            // 5. Fairness: what follows may have to wait for its share, or is sent away: 429.
            FlowSeries? flow = server.FlowSchemas.Note(http.Response, info, user);
            long asked = server.Metrics.Begin();
            Seat given = await server.Fairness.EnterAsync(info, user, flow, WaitingBodies.Of(http), ended);
            waited = server.Time.GetElapsedTime(asked);
            if (given == Seat.SentAway)
            {
                await Refusals.SendAwayAsync(http, trail);
                return;
            }

            answer.Seat = seat = given;

            // 6. May they: 403.
            await server.Access.Authorizer.RequireAsync(AuthorizationAttributes.From(user, info), trail, ended);

            // 7. The cluster is served: 404 for one that does not exist or is being purged.
            server.Access.Clusters.Require(info.Cluster, user);

            // 8. The answer. Writes pass admission, and then the registry, inside their handlers (Registry/Object*.cs).
            Task answered = info.IsResourceRequest
                ? ResourceDispatch.HandleAsync(server, http, info, user, seat, deadline.At, ended)
                : PathDispatch.HandleAsync(server, http, info, user, ended);

            // A refusal is an answer like others: to throw it once more costs as much as to find it.
            await answered.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            if (answered.Exception?.InnerException is StatusException refusal)
            {
                await Refusals.AnswerAsync(server, http, info, refusal.Status, gone);
            }
            else
            {
                await answered;
            }
        }
        catch (StatusException refusal)
        {
            await Refusals.AnswerAsync(server, http, info, refusal.Status, gone);
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            // The client went away; there is nobody to answer.
        }
        catch (OperationCanceledException) when (deadline is { HasPassed: true })
        {
            await Refusals.FailAsync(http, ApiErrors.Timeout("request did not complete within requested timeout - context deadline exceeded").Status, trail);
        }
        catch (ClientGoneException)
        {
            // The same, noticed within its body.
        }
        catch (StoreException fault)
        {
            log.StoreFailed(http.Request.Method, http.Request.Path, fault.InnerException is { } within ? $"{fault.Message} ({within.Message})" : fault.Message);
            await Refusals.FailAsync(http, (fault.OutcomeUnknown
                ? ApiErrors.Timeout("the store did not say whether the change was made")
                : fault.IsFull ? ApiErrors.InsufficientStorage("the store is full; nothing was changed. Reading goes on, and so does writing once there is space again")
                : fault.IsEmptied ? ApiErrors.ServiceUnavailable("the store was emptied by somebody else; nothing is taken for deleted, and nothing was changed. The server's log says what to do")
                : ApiErrors.ServiceUnavailable("the store cannot be reached; nothing was changed")).Status, trail);
        }
        catch (Exception fault)
        {
            log.RequestFailed(fault, http.Request.Method, http.Request.Path);
            await Refusals.FailAsync(http, ApiErrors.InternalError("the server met an unexpected condition").Status, trail, isUnexpected: true);
        }
        finally
        {
            // 9. Its share is for others, a refusal's too. Recorded, taken by the client, and counted, however it ended.
            server.Fairness.Leave(info, seat);
            deadline?.Dispose();
            await (trail?.EndAsync() ?? ValueTask.CompletedTask);
            await answer.EndAsync();
            waited += http.Features.Get<WebhookWait>()?.Took ?? default;
            server.Metrics.End(info, http.Response.StatusCode, began, waited, http.Request.ContentType == "application/apply-patch+yaml");
            if (info is null || !IsLongRunning(info))
            {
                await UnreadBody.DropAsync(http, server.Time);
            }
        }
    }

    /// <summary>Streams: a watch, and whatever leads through to something else.</summary>
    private bool IsLongRunning(RequestInfo info) =>
        info.Verb == "watch" || info.Subresource is "log" or "exec" or "attach" or "portforward" or "proxy"
        || (info.Subresource.Length > 0 && server.SubresourceHandlers.ContainsKey((info.GroupResource, info.Subresource)));
}
