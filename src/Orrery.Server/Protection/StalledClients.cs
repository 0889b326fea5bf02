using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Orrery.Server.Protection;

/// <summary>
/// Cuts off clients that ask and do not take the answer. What waits for such a client (its buffers, what it watches, its seats)
/// waits for as long as the server's patience lasts, from one bit that the client takes to the next. Kestrel's own rate of answers does not do that: it gives a client time for every
/// byte that was ever written to it, so that a large list may be stalled for an hour.
/// </summary>
internal sealed class StalledClients(TimeSpan patience, TimeProvider time, ILogger<StalledClients> log)
{
    /// <summary>Somebody reads logs page by page: such a stream costs its buffers and nothing else.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(30);

    /// <summary>From here on the answer of this request is guarded.</summary>
    public GuardedBody Guard(HttpContext http)
    {
        var body = new GuardedBody(http, http.Features.GetRequiredFeature<IHttpResponseBodyFeature>(), this);
        http.Features.Set<IHttpResponseBodyFeature>(body);
        return body;
    }

    /// <summary>The answer is a stream that people look at: they may pause for as long as they think about it.</summary>
    public static void LetPause(HttpContext http)
    {
        if (http.Features.Get<IHttpResponseBodyFeature>() is GuardedBody body)
        {
            body.MayPause = true;
        }
    }

    /// <summary>
    /// Runs out unless disposed before. To be disposed asynchronously, which waits for one that is just running out: the request must not end meanwhile, or what it cuts off is another of the same
    /// connection, or nothing that it could touch without a fault.
    /// </summary>
    public ITimer Begin(GuardedBody body) =>
        time.CreateTimer(static waiting => ((GuardedBody)waiting!).CutOff(), body, Limit(body), Timeout.InfiniteTimeSpan);

    public void CutOff(HttpContext http, GuardedBody body)
    {
        log.ClientStalled(http.Request.Method, http.Request.Path, Limit(body).TotalSeconds);
        http.Abort();
    }

    private TimeSpan Limit(GuardedBody body) => body.MayPause ? Pause : patience;
}
