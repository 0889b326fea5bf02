using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Orrery.Client;
using Orrery.Commands;

namespace Orrery.Bench;

/// <summary>Sends bytes and drops the answer's: a client that costs as little as it can beside the server that is measured.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly HttpMessageInvoker http;
    private readonly ClientConfig config;
    private readonly string root;

    public RawClient(ClientConfig config)
    {
        this.config = config;
        root = config.Server.GetLeftPart(UriPartial.Path).TrimEnd('/');
        http = new HttpMessageInvoker(ClientHandler.Create(config), disposeHandler: true);
    }

    /// <summary>The form in which answers are asked for.</summary>
    public string Accept { get; init; } = "application/json";

    /// <returns>Bytes of the answer.</returns>
    /// <exception cref="CommandFailedException">The server refused.</exception>
    public async Task<long> SendAsync(HttpMethod method, string path, byte[]? body, string contentType, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await OpenAsync(method, path, body, contentType, cancellationToken).ConfigureAwait(false);
        await using Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        byte[] buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            long total = 0;
            while (await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is > 0 and int read)
            {
                total += read;
            }

            return total;
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public Task<long> GetAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Get, path, null, "", cancellationToken);

    /// <summary>The answer's head; its body stays to be read.</summary>
    public async Task<HttpResponseMessage> OpenAsync(HttpMethod method, string path, byte[]? body, string contentType, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await TryAsync(method, path, body, contentType, cancellationToken).ConfigureAwait(false);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            string text = await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
            throw new CommandFailedException(string.Create(CultureInfo.InvariantCulture, $"{method} {path}: {(int)response.StatusCode} {text[..Math.Min(300, text.Length)]}"));
        }
    }

    /// <summary>Whatever the server answers.</summary>
    public Task<HttpResponseMessage> TryAsync(HttpMethod method, string path, byte[]? body, string contentType, CancellationToken cancellationToken) =>
        TryAsync(method, path, body is null ? null : new ByteArrayContent(body), contentType, cancellationToken);

    /// <param name="bearer">Another token than the client's own.</param>
    public async Task<HttpResponseMessage> TryAsync(HttpMethod method, string path, HttpContent? body, string contentType, CancellationToken cancellationToken, string? bearer = null)
    {
        using var message = new HttpRequestMessage(method, root + path) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower };
        message.Headers.TryAddWithoutValidation("Accept", Accept);
        message.Headers.TryAddWithoutValidation("User-Agent", "orrery-bench/0.1.0");
        string? token = bearer ?? (config.TokenSource is { } source ? await source(cancellationToken).ConfigureAwait(false) : config.BearerToken);
        if (token is not null)
        {
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (body is not null)
        {
            message.Content = body;
            message.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        return await http.SendAsync(message, cancellationToken).ConfigureAwait(false);
    }

    public Task<long> PostAsync(string path, string json, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, path, Encoding.UTF8.GetBytes(json), "application/json", cancellationToken);

    /// <summary>
    /// Deletes all objects of a collection, some at a time: a server that deletes one after the other does not get through tens of thousands
    /// within one request's time, and says so when it is over (504).
    /// </summary>
    /// <exception cref="CommandFailedException">There are no fewer of them after several requests.</exception>
    public async Task ClearAsync(string path, CancellationToken cancellationToken)
    {
        const int AtOnce = 2_000, Patience = 5;
        int idle = 0;
        for (long left = await CountAsync(path, cancellationToken).ConfigureAwait(false), before; left > 0; idle = left < before ? 0 : idle + 1)
        {
            using HttpResponseMessage response = await TryAsync(HttpMethod.Delete, string.Create(CultureInfo.InvariantCulture, $"{path}?limit={AtOnce}"), null, "", cancellationToken).ConfigureAwait(false);
            await using (Stream answer = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false))
            {
                await answer.CopyToAsync(Stream.Null, cancellationToken).ConfigureAwait(false);
            }

            bool mayGoOn = response.IsSuccessStatusCode || response.StatusCode is HttpStatusCode.GatewayTimeout or HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests;
            if (!mayGoOn || idle == Patience)
            {
                throw new CommandFailedException(string.Create(CultureInfo.InvariantCulture, $"DELETE {path}: {(int)response.StatusCode}, and {left} objects are left"));
            }

            before = left;
            left = await CountAsync(path, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>How many objects a collection holds, without reading them all.</summary>
    public async Task<long> CountAsync(string path, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await OpenAsync(HttpMethod.Get, path + "?limit=1", null, "", cancellationToken).ConfigureAwait(false);
        await using Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        using JsonDocument page = await JsonDocument.ParseAsync(stream, default, cancellationToken).ConfigureAwait(false);
        long rest = page.RootElement.GetProperty("metadata").TryGetProperty("remainingItemCount", out JsonElement left) ? left.GetInt64() : 0;
        return rest + page.RootElement.GetProperty("items").GetArrayLength();
    }

    public void Dispose() => http.Dispose();
}
