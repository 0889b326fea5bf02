using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Orrery.Api;
using Orrery.Client;
using Orrery.Hub;
using Orrery.Server.Handlers;

namespace Orrery.KubeApiServer.Proxies;

/// <summary>
/// Passes a request on to an address and its answer back (apimachinery <c>pkg/util/proxy</c>). Addresses of this machine are let pass, where upstream refuses them: who starts this server
/// is the machine's own, and has no pod network but that.
/// </summary>
internal sealed class AddressForwarder : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly UriCreationOptions AsWritten = new() { DangerousDisablePathAndQueryCanonicalization = true };

    private readonly HttpMessageInvoker client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ConnectTimeout = Patience,
        // As upstream: the certificates of pods are of no authority that this server could know.
        SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
    });

    /// <param name="address">Of a pod.</param>
    /// <param name="port">Empty for the scheme's own.</param>
    /// <exception cref="StatusException">400: nothing may be asked there. 503: nobody answers, or not as asked.</exception>
    public async Task ForwardAsync(SubresourceTarget target, string address, string port, HttpContext http, CancellationToken cancellationToken)
    {
        // 1. Where to.
        if (!IPAddress.TryParse(address, out IPAddress? ip) || !MayReach(ip))
        {
            throw ApiErrors.BadRequest("address not allowed");
        }

        bool isStream = WebSocketUpgrade.IsWithinConnection(http) || (http.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } && http.Request.Headers.Upgrade.Count > 0);
        string own = http.Request.PathBase.Value + http.Request.Path.Value;
        if (!isStream && target.Tail.Length == 0 && (HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method)))
        {
            // Or else the links of a page would lead beside it.
            http.Response.StatusCode = StatusCodes.Status301MovedPermanently;
            http.Response.Headers.Location = own + "/" + http.Request.QueryString.Value;
            return;
        }

        string scheme = target.Proxy.Scheme == "https" ? "https" : "http", host = ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{ip}]" : ip.ToString();
        string authority = port.Length > 0 ? $"{host}:{port}" : host;
        if (!Uri.TryCreate($"{scheme}://{authority}{(target.Tail.Length == 0 ? "/" : target.Tail)}{http.Request.QueryString.Value}", AsWritten, out Uri? uri))
        {
            throw ApiErrors.BadRequest($"invalid port \"{port}\"");
        }

        // 2. Ask.
        using var request = new HttpRequestMessage(new HttpMethod(http.Request.Method), uri);
        ProxyHeaders.CopyRequest(http, request);
        string key = isStream ? AskStream(http, request) : "";
        request.Headers.TryAddWithoutValidation("X-Forwarded-Host", http.Request.Host.Value);
        request.Headers.TryAddWithoutValidation("X-Forwarded-Proto", "https");
        request.Headers.TryAddWithoutValidation("X-Forwarded-Uri", own);
        HttpResponseMessage answer;
        try
        {
            answer = await client.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is HttpRequestException || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw ApiErrors.ServiceUnavailable($"error trying to reach service: {authority}: {fault.Message}");
        }

        // 3. Answer: with a stream,
        using (answer)
        {
            if (answer.StatusCode == HttpStatusCode.SwitchingProtocols)
            {
                await PassStreamAsync(isStream ? answer : throw ApiErrors.ServiceUnavailable($"error trying to reach service: {authority}: it switched protocols unasked"), key, http, cancellationToken).ConfigureAwait(false);
                return;
            }

            // 4. or as ever, which is also how a stream is refused.
            http.Response.StatusCode = (int)answer.StatusCode;
            ProxyHeaders.CopyAnswer(answer, http.Response.Headers);
            if (answer.Headers.Location is { } location && Inside(location, uri) is { } path)
            {
                http.Response.Headers.Location = own[..(own.Length - Uri.UnescapeDataString(target.Tail).Length)] + path;
            }

            await PassAsync(await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), http, cancellationToken).ConfigureAwait(false);
        }
    }

    public void Dispose() => client.Dispose();

    /// <summary>Asks for the protocol that the client asks for. What is a stream of an HTTP/2 connection there (RFC 8441) is a connection here.</summary>
    /// <returns>The key of a WebSocket that the client does not check itself; else empty.</returns>
    private static string AskStream(HttpContext http, HttpRequestMessage request)
    {
        bool isWithin = WebSocketUpgrade.IsWithinConnection(http);
        request.Version = HttpVersion.Version11;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
        request.Headers.TryAddWithoutValidation("Upgrade", isWithin ? ["websocket"] : http.Request.Headers.Upgrade.OfType<string>());
        if (!isWithin)
        {
            return "";
        }

        string key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
        request.Method = HttpMethod.Get;
        request.Content = null;
        request.Headers.Remove("Sec-WebSocket-Key");
        request.Headers.TryAddWithoutValidation("Sec-WebSocket-Key", key);
        return key;
    }

    /// <summary>Both ways, until either side ends.</summary>
    /// <param name="key">The key of this server's own that must have been answered; empty where the client looks itself.</param>
    private static async Task PassStreamAsync(HttpResponseMessage answer, string key, HttpContext http, CancellationToken cancellationToken)
    {
        if (key.Length > 0 && !(answer.Headers.TryGetValues("Sec-WebSocket-Accept", out IEnumerable<string>? accepted) && accepted.SequenceEqual([WebSocketUpgrade.AcceptOf(key)])))
        {
            throw ApiErrors.ServiceUnavailable("error trying to reach service: what answers there speaks no WebSockets");
        }

        ProxyHeaders.CopyAnswer(answer, http.Response.Headers);
        if (key.Length > 0)
        {
            http.Response.Headers.Remove("Sec-WebSocket-Accept");
        }
        else
        {
            http.Response.Headers.Upgrade = answer.Headers.Upgrade.Select(u => u.ToString()).ToArray();
        }

        await using Stream inside = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using Stream outside = await WebSocketUpgrade.OpenAsync(http).ConfigureAwait(false);
        await StreamRelay.RunAsync(outside, inside, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>No address that means another machine's at every place, a cloud's metadata among them (upstream <c>IsProxyableIP</c>).</summary>
    private static bool MayReach(IPAddress address)
    {
        IPAddress ip = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        byte[] bytes = ip.GetAddressBytes();
        return !ip.Equals(IPAddress.Any) && !ip.Equals(IPAddress.IPv6Any) && !ip.IsIPv6LinkLocal && !ip.IsIPv6Multicast && !(bytes.Length == 4 && (bytes is [169, 254, ..] || bytes[0] >= 224));
    }

    /// <summary>Path and query of a redirect that stays where it was asked; null for one that leads elsewhere, or is relative.</summary>
    private static string? Inside(Uri location, Uri asked) =>
        !location.IsAbsoluteUri ? (location.OriginalString.StartsWith('/') ? location.OriginalString : null)
        : location.Authority == asked.Authority ? location.PathAndQuery : null;

    /// <summary>Piece by piece, as they come: an answer may go on for as long as its pod likes.</summary>
    private static async Task PassAsync(Stream from, HttpContext http, CancellationToken cancellationToken)
    {
        byte[] piece = new byte[16 * 1024];
        for (int read; (read = await from.ReadAsync(piece, cancellationToken).ConfigureAwait(false)) > 0;)
        {
            await http.Response.Body.WriteAsync(piece.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
            await http.Response.Body.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
