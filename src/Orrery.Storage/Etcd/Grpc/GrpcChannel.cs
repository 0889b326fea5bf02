using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;

namespace Orrery.Storage.Etcd.Grpc;

/// <summary>gRPC calls to one server over HTTP/2; plain where its address says http.</summary>
internal sealed class GrpcChannel : IDisposable
{
    private static readonly MediaTypeHeaderValue ContentType = new("application/grpc");

    private readonly HttpClient client;
    private readonly Uri address;

    public GrpcChannel(Uri address, Func<SslClientAuthenticationOptions> tls, TimeSpan connectTimeout)
    {
        this.address = address;
        client = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = tls(),
            ConnectTimeout = connectTimeout,
            UseProxy = false,
            AllowAutoRedirect = false,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,

            // A server that stands still keeps its connections open; only a ping tells. etcd closes connections that
            // ping more often than every five seconds.
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            KeepAlivePingDelay = TimeSpan.FromSeconds(7),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(3),
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>A call of one message each way.</summary>
    /// <exception cref="GrpcException">The server refused.</exception>
    /// <exception cref="HttpRequestException">The connection failed.</exception>
    /// <exception cref="IOException">The connection failed while the answer came.</exception>
    public async Task<T> CallAsync<T>(string method, ReadOnlyMemory<byte> message, GrpcFrames.Parse<T> parse, CancellationToken cancellationToken)
    {
        using var content = new ByteArrayContent(GrpcFrames.Frame(message.Span));
        using HttpResponseMessage response = await SendAsync(method, content, cancellationToken).ConfigureAwait(false);
        Stream body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (body.ConfigureAwait(false))
        {
            (bool found, T? value) = await GrpcFrames.ReadAsync(body, parse, cancellationToken).ConfigureAwait(false);

            // Trailers are there once the end has been read.
            byte[] end = new byte[1];
            while (await body.ReadAsync(end, cancellationToken).ConfigureAwait(false) > 0)
            {
            }

            GrpcFrames.CheckStatus(response);
            return found ? value! : throw new GrpcException(GrpcCode.Unknown, "the answer holds no message");
        }
    }

    /// <summary>Opens a call that streams both ways, and sends its first message.</summary>
    public async Task<GrpcStream> OpenAsync(string method, ReadOnlyMemory<byte> first, CancellationToken cancellationToken)
    {
        var content = new OpenContent(GrpcFrames.Frame(first.Span));
        try
        {
            HttpResponseMessage response = await SendAsync(method, content, cancellationToken).ConfigureAwait(false);
            return new GrpcStream(response, await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), content);
        }
        catch
        {
            content.Dispose();
            throw;
        }
    }

    public void Dispose() => client.Dispose();

    private async Task<HttpResponseMessage> SendAsync(string method, HttpContent content, CancellationToken cancellationToken)
    {
        content.Headers.ContentType = ContentType;
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address, method))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));

        // A member that is cut off from the others refuses, rather than to let its caller wait and watch nothing.
        request.Headers.Add("hasleader", "true");
        try
        {
            return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        }
        catch (ObjectDisposedException) when (cancellationToken.IsCancellationRequested)
        {
            // Whoever closes this has cancelled what is under way first; a call that was just to begin ends as those do.
            throw new OperationCanceledException(cancellationToken);
        }
    }
}
