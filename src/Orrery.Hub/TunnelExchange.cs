using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Hub;

/// <summary>One request through a tunnel: asked, and its answer passed on as it comes, for as long as either side wants.</summary>
internal sealed class TunnelExchange(TimeProvider time, ILogger logger)
{
    /// <summary>How long a satellite has for the start of an answer; a data plane may have to start something first.</summary>
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(30);

    /// <summary>A satellite is not trusted to answer well: what repeats a member could not be changed later.</summary>
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = KubeJson.Most, AllowDuplicateProperties = false };

    private const long LargestAnswer = 64 * 1024 * 1024;

    /// <exception cref="StatusException">503: the data plane is not connected or has gone; 504: it does not answer.</exception>
    public async Task RunAsync(ITunnelRoute route, TunnelRequest asked, HttpContext http, CancellationToken cancellationToken)
    {
        // 1. The start of the answer.
        using HttpResponseMessage answer = await SendAsync(route, asked, http, cancellationToken).ConfigureAwait(false);

        // 2. The rest, until the tunnel ends at the latest: one way,
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, route.Over);
        if (asked.Stream is not { } stream || !(answer.IsSuccessStatusCode || (int)answer.StatusCode == StatusCodes.Status101SwitchingProtocols))
        {
            await PassAsync(answer, asked.IsProxy, http, either.Token, cancellationToken).ConfigureAwait(false);
            return;
        }

        // 3. or both ways.
        if (!stream.IsUnderstood(answer.Headers))
        {
            throw ApiErrors.ServiceUnavailable($"{asked.Subject} data plane \"{asked.DataPlane}\", where what answers speaks no WebSockets");
        }

        StreamHeaders.CopyAnswer(answer.Headers, http.Response.Headers);
        await stream.RunAsync(answer.Content, stream.Protocol, either.Token).ConfigureAwait(false);
    }

    /// <summary>For an answer of moderate size, as a whole.</summary>
    /// <exception cref="StatusException">As for <see cref="RunAsync"/>, and what the satellite refuses.</exception>
    public async Task<KubeObject> FetchAsync(ITunnelRoute route, TunnelRequest asked, HttpContext http, CancellationToken cancellationToken)
    {
        using HttpResponseMessage answer = await SendAsync(route, asked, http, cancellationToken).ConfigureAwait(false);
        using var limit = new CancellationTokenSource(AnswerLimit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            await answer.Content.LoadIntoBufferAsync(LargestAnswer, both.Token).ConfigureAwait(false);
            using JsonDocument json = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(both.Token).ConfigureAwait(false), Strict);
            var said = new KubeObject(json.RootElement.ValueKind == JsonValueKind.Object ? json.RootElement.Clone() : throw new JsonException("it is no object"));
            return answer.IsSuccessStatusCode ? said
                : throw new StatusException(Status.FromJson(said.ToJsonObject()));
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw Late(asked);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            Log.RequestFailed(logger, asked.DataPlane, e.Message);
            throw ApiErrors.ServiceUnavailable($"{asked.Subject} data plane \"{asked.DataPlane}\", whose satellite gave no whole answer");
        }
    }

    private async Task<HttpResponseMessage> SendAsync(ITunnelRoute route, TunnelRequest asked, HttpContext http, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(asked.IsPatient ? Timeout.InfiniteTimeSpan : AnswerLimit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await route.SendAsync(asked, http, both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw Late(asked);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            Log.RequestFailed(logger, asked.DataPlane, e.Message);
            throw ApiErrors.ServiceUnavailable($"{asked.Subject} data plane \"{asked.DataPlane}\", whose satellite has just gone away");
        }
    }

    private static StatusException Late(TunnelRequest asked) => ApiErrors.Timeout($"{asked.Subject} data plane \"{asked.DataPlane}\", which did not answer within {AnswerLimit.TotalSeconds:0} s");

    /// <param name="over">Cancelled with the tunnel, and with <paramref name="cancellationToken"/>.</param>
    private static async Task PassAsync(HttpResponseMessage answer, bool allHeaders, HttpContext http, CancellationToken over, CancellationToken cancellationToken)
    {
        http.Response.StatusCode = (int)answer.StatusCode;
        if (allHeaders)
        {
            ProxyHeaders.CopyAnswer(answer, http.Response.Headers);
        }
        else
        {
            http.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
        }

        await using Stream body = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // A watch or a followed log may say nothing for long: that it has begun is said at once.
            await http.Response.Body.FlushAsync(cancellationToken).ConfigureAwait(false);
            await StreamRelay.CopyAsync(body, http.Response.Body, over).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or HttpRequestException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // It broke off within the body: so does what the client gets, lest it take it for all.
            http.Abort();
        }
    }
}
