using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Orrery.Api;

namespace Orrery.Server.Handlers;

/// <summary>Accepts a WebSocket for a subresource that is a stream: a connection of its own (RFC 6455), or a stream of an HTTP/2 connection (RFC 8441).</summary>
public static class WebSocketUpgrade
{
    /// <summary>What RFC 6455, section 1.3, has both sides add to the key.</summary>
    private const string KeySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    private const string Version = "13";

    public static bool IsRequested(HttpContext http) =>
        http.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }
        && string.Equals(http.Request.Headers.Upgrade, "websocket", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a WebSocket is asked for within an HTTP/2 connection, by a CONNECT that stands for the GET of HTTP/1.1.</summary>
    public static bool IsWithinConnection(HttpContext http) =>
        HttpMethods.IsConnect(http.Request.Method) && http.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true, Protocol: "websocket" };

    /// <summary>The subprotocols that the client offers, in its order of preference.</summary>
    public static IReadOnlyList<string> Offered(HttpContext http) =>
        http.Request.Headers.SecWebSocketProtocol.ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <param name="subprotocol">The one chosen of those offered; null names none.</param>
    /// <param name="keepAlive">How often a quiet peer is asked whether it lives; it has as long to answer.</param>
    /// <param name="around">What is to be between the socket and the connection; null is nothing.</param>
    /// <exception cref="StatusException">400: no WebSocket is asked for, or not as RFC 6455 says.</exception>
    public static async Task<WebSocket> AcceptAsync(HttpContext http, string? subprotocol, TimeSpan keepAlive, Func<Stream, Stream>? around = null)
    {
        bool isWithin = IsWithinConnection(http);
        string key = http.Request.Headers.SecWebSocketKey.ToString();
        if (http.Request.Headers.SecWebSocketVersion != Version || !(isWithin || (IsRequested(http) && IsKey(key))))
        {
            throw ApiErrors.BadRequest("Upgrade request required");
        }

        IHeaderDictionary headers = http.Response.Headers;
        if (subprotocol is not null)
        {
            headers.SecWebSocketProtocol = subprotocol;
        }

        if (!isWithin)
        {
            headers.Upgrade = "websocket";
            headers.SecWebSocketAccept = AcceptOf(key);
        }

        Stream stream = await OpenAsync(http);

        // The subprotocol is not told to the socket, which makes nothing of it and refuses names with a slash, as Kubernetes has them.
        return WebSocket.CreateFromStream(
            around?.Invoke(stream) ?? stream, new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = keepAlive, KeepAliveTimeout = keepAlive });
    }

    /// <summary>Says to the client that the protocol which it asked for begins; the headers of that are the caller's to set.</summary>
    /// <returns>What passes from now on, both ways.</returns>
    public static async Task<Stream> OpenAsync(HttpContext http)
    {
        if (!IsWithinConnection(http))
        {
            return await http.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
        }

        // Such a stream is quiet for as long as nobody asks anything.
        http.Features.GetRequiredFeature<IHttpMinRequestBodyDataRateFeature>().MinDataRate = null;
        return await http.Features.GetRequiredFeature<IHttpExtendedConnectFeature>().AcceptAsync();
    }

    /// <summary>What a server answers to a client's key (RFC 6455, section 4.2.2).</summary>
    // SHA-1 is what the RFC asks for; it protects nothing here.
#pragma warning disable CA5350
    public static string AcceptOf(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + KeySuffix)));
#pragma warning restore CA5350

    private static bool IsKey(string key)
    {
        Span<byte> bytes = stackalloc byte[24];
        return key.Length == 24 && Convert.TryFromBase64String(key, bytes, out int length) && length == 16;
    }
}
