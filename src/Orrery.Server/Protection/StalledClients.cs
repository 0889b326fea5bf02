using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Orrery.Server.Protection;

/// <summary>
/// Cuts off clients that ask and do not take the answer. What waits for such a client (its buffers, what it watches, its seats)
/// waits for <see cref="Patience"/> at most. Kestrel's own rate of answers does not do that: it gives a client time for every
/// byte that was ever written to it, so that a large list may be stalled for an hour.
/// </summary>
internal sealed class StalledClients(TimeSpan patience, TimeProvider time, ILogger<StalledClients> log)
{
    /// <summary>A client that takes part of the answer each so often goes on for as long as it likes.</summary>
    public TimeSpan Patience => patience;

    /// <summary>From here on the answer of this request is guarded.</summary>
    public GuardedBody Guard(HttpContext http)
    {
        var body = new GuardedBody(http, http.Features.GetRequiredFeature<IHttpResponseBodyFeature>(), this);
        http.Features.Set<IHttpResponseBodyFeature>(body);
        return body;
    }

    /// <summary>Runs out unless disposed before.</summary>
    public ITimer Begin(HttpContext http) => time.CreateTimer(state => CutOff((HttpContext)state!), http, patience, Timeout.InfiniteTimeSpan);

    private void CutOff(HttpContext http)
    {
        log.ClientStalled(http.Request.Method, http.Request.Path, patience.TotalSeconds);
        http.Abort();
    }
}
