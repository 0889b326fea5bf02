using System.Net;
using Microsoft.AspNetCore.Http;
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

        PassedStream? stream = PassedStream.Of(http);
        string own = http.Request.PathBase.Value + http.Request.Path.Value;
        if (stream is null && target.Tail.Length == 0 && (HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method)))
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
        if (stream is not null)
        {
            AskStream(stream, request);
        }

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
                PassedStream asked = stream ?? throw ApiErrors.ServiceUnavailable($"error trying to reach service: {authority}: it switched protocols unasked");
                ProxyHeaders.CopyAnswer(
                    asked.IsUnderstood(answer.Headers) ? answer : throw ApiErrors.ServiceUnavailable("error trying to reach service: what answers there speaks no WebSockets"), http.Response.Headers);
                await asked.RunAsync(answer.Content, string.Join(", ", answer.Headers.Upgrade), cancellationToken).ConfigureAwait(false);
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

    /// <summary>A connection of its own, whatever the client's is.</summary>
    private static void AskStream(PassedStream stream, HttpRequestMessage request)
    {
        request.Version = HttpVersion.Version11;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
        request.Headers.TryAddWithoutValidation("Upgrade", stream.Protocol);
        if (request.Method != stream.Method)
        {
            // What an HTTP/2 connection calls the body of the request is the stream itself.
            request.Method = stream.Method;
            request.Content = null;
        }

        stream.Ask(request.Headers);
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
