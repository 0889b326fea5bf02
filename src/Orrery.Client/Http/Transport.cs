using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Client;

/// <summary>What one request sends. A retry builds the message anew from it.</summary>
/// <param name="PathAndQuery">Relative to the server and its path prefix; begins with a slash.</param>
/// <param name="IsIdempotent">Sending it twice does what sending it once does, so a busy server's "later" may be honoured here.</param>
internal sealed record ApiRequest(HttpMethod Method, string PathAndQuery, byte[]? Body, string? ContentType, bool IsIdempotent, string Accept = "application/json");

/// <summary>
/// Sends requests over one connection pool, adds the credential, turns failures into <see cref="StatusException"/>,
/// and waits as told where a server that is too busy (429, 503 with Retry-After) may be asked again.
/// </summary>
internal sealed class Transport : IDisposable
{
    private const int MostAttempts = 5;

    /// <summary>A server that asks for more patience than this gets its error passed on to the caller instead.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private readonly ClientConfig config;
    private readonly TimeProvider time;
    private readonly string root;
    private readonly KeyValuePair<string, object?> host;
    private readonly Lock change = new();
    private volatile Connections connections;
    private TimeSpan pingAfter;

    /// <summary>Of all connections, also those as who one was before.</summary>
    private OpenSockets opened = new();

    public Transport(ClientConfig config, TimeProvider time)
    {
        this.config = config;
        this.time = time;
        root = config.Server.GetLeftPart(UriPartial.Path).TrimEnd('/');
        host = RuntimeMetrics.Tag("host", config.Server.Authority);
        pingAfter = config.PingAfter;
        connections = Connect(config.TlsSource?.Invoke());
    }

    /// <summary>Connections as who one is now. Former ones carry on with what they carry, and close when they have been idle for a while.</summary>
    private HttpMessageInvoker Http
    {
        get
        {
            if (config.TlsSource is not { } source)
            {
                return connections.Http;
            }

            TlsIdentity now = source();
            if (!ReferenceEquals(connections.Tls, now))
            {
                lock (change)
                {
                    if (!ReferenceEquals(connections.Tls, now))
                    {
                        connections = Connect(now);
                    }
                }
            }

            return connections.Http;
        }
    }

    /// <summary>Closes the connections that there are: what is under way on them fails at once.</summary>
    public void Abandon()
    {
        OpenSockets former;
        lock (change)
        {
            former = opened;
            opened = new OpenSockets();
            connections = Connect(connections.Tls);
        }

        // Whoever is about to send by them finds that they open no more.
        former.Close();
    }

    /// <summary>As <see cref="ClientConfig.PingAfter"/>: a shorter silence holds at once for what is asked from now on, a longer one for connections that are opened anyway.</summary>
    public void PingAfter(TimeSpan silence)
    {
        lock (change)
        {
            bool isShorter = silence < pingAfter;
            pingAfter = silence;
            if (isShorter)
            {
                connections = Connect(connections.Tls);
            }
        }
    }

    /// <summary>The clock of timeouts and retries.</summary>
    public TimeProvider Time => time;

    /// <summary>The whole body of a 2xx answer.</summary>
    /// <exception cref="StatusException">Any other answer.</exception>
    /// <exception cref="HttpRequestException">No answer.</exception>
    /// <exception cref="TimeoutException">No complete answer within <see cref="ClientConfig.RequestTimeout"/>.</exception>
    public async Task<byte[]> SendAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            TimeSpan wait;
            using (var limit = new CancellationTokenSource(config.RequestTimeout, time))
            using (var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token))
            {
                try
                {
                    using HttpResponseMessage response = await SendOnceAsync(request, both.Token).ConfigureAwait(false);
                    byte[] body = await response.Content.ReadAsByteArrayAsync(both.Token).ConfigureAwait(false);
                    if (response.IsSuccessStatusCode)
                    {
                        return body;
                    }

                    if (IsRefused(response) && attempt == 1)
                    {
                        // It was not looked at, so that it may be sent once more, whatever it is.
                        wait = TimeSpan.Zero;
                    }
                    else if (!MayRetry(request, response, attempt, out wait))
                    {
                        throw Failure(response.StatusCode, body);
                    }
                }
                catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
                {
                    throw new TimeoutException($"{request.Method} {request.PathAndQuery}: no answer within {config.RequestTimeout.TotalSeconds} s");
                }
            }

            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>The body of a 2xx answer as it comes in; disposing of the response ends the request.</summary>
    public async Task<HttpResponseMessage> OpenAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await SendOnceAsync(request, cancellationToken).ConfigureAwait(false);
        if (IsRefused(response))
        {
            response.Dispose();
            response = await SendOnceAsync(request, cancellationToken).ConfigureAwait(false);
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw Failure(response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false));
        }
    }

    /// <summary>Any answer as it comes, whatever its status. One that switches protocols (101) has a stream that can be written to as well.</summary>
    /// <param name="headers">Beside the credential.</param>
    public async Task<HttpResponseMessage> ForwardAsync(
        HttpMethod method, string pathAndQuery, IEnumerable<KeyValuePair<string, string>> headers, bool upgrade, HttpContent? content, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(method, root + pathAndQuery)
        {
            Content = content,
            Version = upgrade ? HttpVersion.Version11 : HttpVersion.Version20,
            VersionPolicy = upgrade ? HttpVersionPolicy.RequestVersionExact : HttpVersionPolicy.RequestVersionOrLower,
        };
        foreach ((string name, string value) in headers)
        {
            if (!message.Headers.TryAddWithoutValidation(name, value))
            {
                message.Content?.Headers.TryAddWithoutValidation(name, value);
            }
        }

        if (message.Headers.UserAgent.Count == 0)
        {
            message.Headers.TryAddWithoutValidation("User-Agent", config.UserAgent);
        }

        await AuthorizeAsync(message, cancellationToken).ConfigureAwait(false);
        HttpResponseMessage response = await AnswerAsync(message, cancellationToken).ConfigureAwait(false);
        _ = IsRefused(response);
        return response;
    }

    /// <summary>A stream both ways (RFC 8441) within an HTTP/2 connection, beside whatever else goes over it. Disposing of it ends the stream alone.</summary>
    /// <exception cref="StatusException">The server does not let it in, or takes no such streams.</exception>
    /// <exception cref="HttpRequestException">No answer. Its <see cref="HttpRequestException.HttpRequestError"/> tells whether whoever answers knows no such streams, or no HTTP/2.</exception>
    public async Task<Stream> ConnectAsync(string protocol, string pathAndQuery, IEnumerable<KeyValuePair<string, string>> headers, CancellationToken cancellationToken)
    {
        // Not disposed of: it lasts as long as the stream, and holds nothing.
        var message = new HttpRequestMessage(HttpMethod.Connect, root + pathAndQuery)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        message.Headers.Protocol = protocol;
        foreach ((string name, string value) in headers)
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }

        message.Headers.TryAddWithoutValidation("User-Agent", config.UserAgent);
        await AuthorizeAsync(message, cancellationToken).ConfigureAwait(false);
        HttpResponseMessage response = await AnswerAsync(message, cancellationToken).ConfigureAwait(false);
        if (response.IsSuccessStatusCode)
        {
            return await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        }

        _ = IsRefused(response);
        using (response)
        {
            throw Failure(response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false));
        }
    }

    public void Dispose() => connections.Http.Dispose();

    private Connections Connect(TlsIdentity? tls)
    {
        ClientConfig now = config with { PingAfter = pingAfter };
        return new(tls, new HttpMessageInvoker(
            config.Carrier?.Invoke() ?? ClientHandler.Create(tls is null ? now : now with { ClientCertificate = tls.Certificate, Ca = tls.Ca }, opened), disposeHandler: true));
    }

    private async Task<HttpResponseMessage> SendOnceAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(request.Method, root + request.PathAndQuery)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        message.Headers.TryAddWithoutValidation("Accept", request.Accept);
        message.Headers.TryAddWithoutValidation("User-Agent", config.UserAgent);
        await AuthorizeAsync(message, cancellationToken).ConfigureAwait(false);
        Func<bool>? may = request.Method == HttpMethod.Get ? null : config.MayChange;
        if (request.Body is { } body)
        {
            message.Content = may is null ? new ByteArrayContent(body) : new FencedContent(body, may, $"{request.Method} {request.PathAndQuery}");
            message.Content.Headers.TryAddWithoutValidation("Content-Type", request.ContentType);
        }

        if (may is not null && !may())
        {
            throw FencedContent.Refusal($"{request.Method} {request.PathAndQuery}");
        }

        return await AnswerAsync(message, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// A connection that does not open within <see cref="ClientConfig.ConnectTimeout"/> ends as a cancellation that nobody asked for. To every caller it is no answer: taken for a
    /// cancellation it would end loops that are to go on. Why a server is not trusted stands in the fault itself, not beneath it.
    /// </summary>
    private async Task<HttpResponseMessage> AnswerAsync(HttpRequestMessage message, CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        string code = "<error>";
        try
        {
            HttpResponseMessage response = await Http.SendAsync(message, cancellationToken).ConfigureAwait(false);
            code = ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
            return response;
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException(
                HttpRequestError.ConnectionError, $"no connection to {config.Server.Authority} within {config.ConnectTimeout.TotalSeconds:0} s", e);
        }
        catch (HttpRequestException e) when (e.InnerException is AuthenticationException untrusted)
        {
            string clock = untrusted.Message.Contains(nameof(X509ChainStatusFlags.NotTimeValid), StringComparison.Ordinal) ? $" (this machine's clock says {time.GetUtcNow():u})" : "";
            throw new HttpRequestException(e.HttpRequestError, $"no trusted connection to {config.Server.Authority}: {untrusted.Message}{clock}", untrusted);
        }
        finally
        {
            string method = message.Method.Method;
            RuntimeMetrics.Requests.Add(1, RuntimeMetrics.Tag("code", code), RuntimeMetrics.Tag("method", method), host);
            RuntimeMetrics.RequestDurations.Record(time.GetElapsedTime(began).TotalSeconds, RuntimeMetrics.Tag("verb", method), host);
        }
    }

    private async ValueTask AuthorizeAsync(HttpRequestMessage message, CancellationToken cancellationToken)
    {
        string? token = config.TokenSource is { } source ? await source(cancellationToken).ConfigureAwait(false) : config.BearerToken;
        if (token is not null)
        {
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        foreach ((string name, string value) in config.Impersonation)
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }
    }

    /// <returns>Whether the server did not take a credential that can be had anew.</returns>
    private bool IsRefused(HttpResponseMessage response)
    {
        if (response.StatusCode != HttpStatusCode.Unauthorized || config.CredentialRefused is not { } refused)
        {
            return false;
        }

        refused();
        return true;
    }

    private static bool MayRetry(ApiRequest request, HttpResponseMessage response, int attempt, out TimeSpan wait)
    {
        wait = default;
        if (!request.IsIdempotent || attempt >= MostAttempts
            || response.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable)
            || response.Headers.RetryAfter?.Delta is not { } asked || asked > LongestWait)
        {
            return false;
        }

        wait = asked;
        return true;
    }

    private static StatusException Failure(HttpStatusCode code, byte[] body)
    {
        Status? status = null;
        try
        {
            if (JsonNode.Parse(body) is JsonObject json && json.Kind == "Status")
            {
                status = Status.FromJson(json);
            }
        }
        catch (JsonException)
        {
            // A proxy in between answers in its own way; its text is the message below.
        }

        return new StatusException(status ?? new Status
        {
            Code = (int)code,
            Reason = ReasonOf(code),
            Message = body.Length == 0 ? $"the server answered {(int)code}" : Encoding.UTF8.GetString(body, 0, Math.Min(body.Length, 1024)).Trim(),
        });
    }

    private static string ReasonOf(HttpStatusCode code) => (int)code switch
    {
        400 => StatusReason.BadRequest,
        401 => StatusReason.Unauthorized,
        403 => StatusReason.Forbidden,
        404 => StatusReason.NotFound,
        405 => StatusReason.MethodNotAllowed,
        406 => StatusReason.NotAcceptable,
        409 => StatusReason.Conflict,
        410 => StatusReason.Expired,
        413 => StatusReason.RequestEntityTooLarge,
        415 => StatusReason.UnsupportedMediaType,
        422 => StatusReason.Invalid,
        429 => StatusReason.TooManyRequests,
        503 => StatusReason.ServiceUnavailable,
        504 => StatusReason.Timeout,
        _ => StatusReason.InternalError,
    };

    private sealed record Connections(TlsIdentity? Tls, HttpMessageInvoker Http);
}
