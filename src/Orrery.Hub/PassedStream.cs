using System.Net.Http.Headers;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Orrery.Client;
using Orrery.Server.Handlers;

namespace Orrery.Hub;

/// <summary>
/// A stream both ways that a client asks for and this server passes on. What is a stream of an HTTP/2 connection at the client's side (RFC 8441) has no key; whoever is asked
/// by HTTP/1.1 wants one, so this server brings its own and looks itself at what was made of it.
/// </summary>
public sealed class PassedStream
{
    private const string KeyName = "Sec-WebSocket-Key", AcceptName = "Sec-WebSocket-Accept";

    private readonly HttpContext http;

    /// <summary>Empty where the client has its own.</summary>
    private readonly string key;

    private PassedStream(HttpContext http, string protocol, string key)
    {
        this.http = http;
        this.key = key;
        Protocol = protocol;
    }

    /// <summary>What is to be spoken, such as <c>websocket</c>, as an <c>Upgrade</c> header names it.</summary>
    public string Protocol { get; }

    /// <summary>By which HTTP/1.1 asks for it.</summary>
    public HttpMethod Method => key.Length > 0 ? HttpMethod.Get : new HttpMethod(http.Request.Method);

    /// <summary>Null where the client asks for none, or its connection cannot become one.</summary>
    public static PassedStream? Of(HttpContext http) =>
        WebSocketUpgrade.IsWithinConnection(http) ? new PassedStream(http, "websocket", Convert.ToBase64String(RandomNumberGenerator.GetBytes(16)))
        : http.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } && http.Request.Headers.Upgrade.ToString() is { Length: > 0 } protocol ? new PassedStream(http, protocol, "")
        : null;

    /// <param name="to">Has the client's headers already, but those of its connection.</param>
    public void Ask(HttpRequestHeaders to)
    {
        if (key.Length > 0)
        {
            to.Remove(KeyName);
            to.TryAddWithoutValidation(KeyName, key);
        }
    }

    /// <summary>Whether whoever agreed understood what was asked: where the client has no key, this server's own is looked at.</summary>
    public bool IsUnderstood(HttpResponseHeaders answer) =>
        key.Length == 0 || (answer.TryGetValues(AcceptName, out IEnumerable<string>? accepted) && accepted.SequenceEqual([WebSocketUpgrade.AcceptOf(key)]));

    /// <summary>Passes what comes, both ways, until either side ends. What else is to be told of the answer stands in the client's headers already.</summary>
    /// <param name="agreed">The protocol that was agreed to.</param>
    public async Task RunAsync(HttpContent answer, string agreed, CancellationToken cancellationToken)
    {
        if (key.Length > 0)
        {
            http.Response.Headers.Remove(AcceptName);
        }
        else
        {
            http.Response.Headers.Upgrade = agreed;
        }

        await using Stream inside = await answer.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using Stream outside = await WebSocketUpgrade.OpenAsync(http).ConfigureAwait(false);
        await StreamRelay.RunAsync(outside, inside, cancellationToken).ConfigureAwait(false);
    }
}
