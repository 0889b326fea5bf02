using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Handlers;

namespace Orrery.Server.Authentication;

/// <summary>
/// The bearer token of a WebSocket's client that can set no headers, a page in a browser: one of the subprotocols that it offers, beside one that is
/// meant. Upstream: apiserver <c>pkg/authentication/request/websocket/protocol.go</c>.
/// </summary>
public static class SocketToken
{
    /// <summary>What the token follows, in base64url without padding.</summary>
    public const string Prefix = "base64url.bearer.authorization.k8s.io.";

    /// <summary>Takes the token out of the request: what goes on must not carry it.</summary>
    /// <returns>Null where none is offered, or no WebSocket is asked for.</returns>
    /// <exception cref="StatusException">401: two are offered, or one that cannot be read, or nothing beside it.</exception>
    internal static string? Take(HttpContext http)
    {
        if (!WebSocketUpgrade.IsRequested(http) && !WebSocketUpgrade.IsWithinConnection(http))
        {
            return null;
        }

        ILookup<bool, string> offered = WebSocketUpgrade.Offered(http).ToLookup(p => p.StartsWith(Prefix, StringComparison.Ordinal));
        if (!offered[true].Any())
        {
            return null;
        }

        http.Request.Headers.SecWebSocketProtocol = string.Join(',', offered[false]);
        return offered[true].ToArray() is [string only] && offered[false].Any() && Read(only.AsSpan(Prefix.Length)) is { } token ? token : throw ApiErrors.Unauthorized();
    }

    /// <summary>Null for what is no base64url, or no text.</summary>
    private static string? Read(ReadOnlySpan<char> encoded)
    {
        byte[] bytes = new byte[Base64Url.GetMaxDecodedLength(encoded.Length)];
        if (Base64Url.DecodeFromChars(encoded, bytes, out _, out int length) != OperationStatus.Done || length == 0)
        {
            return null;
        }

        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes, 0, length);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
