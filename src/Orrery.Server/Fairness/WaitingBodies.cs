using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Orrery.Server.Fairness;

/// <summary>
/// What of one HTTP/2 connection's window is taken by bodies whose requests wait for a seat. Nobody reads those, and the window is the connection's: once they have all of it, the bodies of
/// those that have a seat do not come, and none of them ever leaves its seat. So only a part of it may be taken for waiting; who comes with more is sent away.
/// </summary>
internal sealed class WaitingBodies
{
    /// <summary>Bytes of bodies that one connection takes before they are read.</summary>
    public const int ConnectionWindow = 2 * 1024 * 1024;

    /// <summary>The same of one request.</summary>
    public const int StreamWindow = 256 * 1024;

    /// <summary>Less than half: the server tells its client of bytes that were read once they are half of the window, and so many must be able to come beside those that wait.</summary>
    private const int MostHeld = ConnectionWindow / 4;

    private int held;

    public static ConnectionDelegate Before(ConnectionDelegate next) => connection =>
    {
        connection.Features.Set(new WaitingBodies());
        return next(connection);
    };

    /// <summary>What a request takes of its connection's window while it waits.</summary>
    public static WaitingBody Of(HttpContext http) =>
        http.Request.Protocol == HttpProtocol.Http2
        && http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true }
        && http.Features.Get<WaitingBodies>() is { } connection
            ? new WaitingBody(connection, (int)Math.Min(http.Request.ContentLength ?? StreamWindow, StreamWindow))
            : default;

    internal bool TryHold(int bytes)
    {
        if (Interlocked.Add(ref held, bytes) <= MostHeld)
        {
            return true;
        }

        Release(bytes);
        return false;
    }

    internal void Release(int bytes) => Interlocked.Add(ref held, -bytes);
}

/// <summary>One body; of a request without one, or on a connection of its own, there is nothing to hold.</summary>
internal readonly struct WaitingBody(WaitingBodies? connection, int bytes)
{
    /// <returns>False: its request may not wait. Otherwise <see cref="Release"/> is to be called, once.</returns>
    public bool TryHold() => connection?.TryHold(bytes) ?? true;

    public void Release() => connection?.Release(bytes);
}
