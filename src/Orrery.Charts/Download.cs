using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using Orrery.Helm;

namespace Orrery.Charts;

/// <summary>Bounded downloads, with the credential for the host that it belongs to and the tokens that registries hand out.</summary>
internal sealed class Download(HttpClient http, ChartCredential? credential)
{
    /// <summary>Bytes that an index may have; large public ones have some 20 MB.</summary>
    public const long MaxIndex = 64 << 20;

    /// <summary>Bytes that an archive or manifest may have; Helm's bound on an unpacked chart.</summary>
    public const long MaxArchive = 100 << 20;

    private readonly Dictionary<string, AuthenticationHeaderValue> known = new(StringComparer.Ordinal);
    private string? home;

    public Task<byte[]> GetAsync(Uri address, long max, CancellationToken ct) => GetAsync(address, max, [], ct);

    /// <exception cref="HttpRequestException">The host cannot be reached, or answers with an error.</exception>
    public async Task<byte[]> GetAsync(Uri address, long max, IReadOnlyList<string> accept, CancellationToken ct) =>
        (await GetPageAsync(address, max, accept, ct).ConfigureAwait(false)).Content;

    /// <summary>What is at an address, and where it goes on by its <c>Link</c> header (RFC 8288); null when it ends here.</summary>
    /// <inheritdoc cref="GetAsync(Uri, long, IReadOnlyList{string}, CancellationToken)"/>
    public async Task<(byte[] Content, Uri? Next)> GetPageAsync(Uri address, long max, IReadOnlyList<string> accept, CancellationToken ct)
    {
        if (address.Scheme is not ("http" or "https"))
        {
            throw new ChartException("load", $"charts cannot be fetched from {address.Scheme}: addresses");
        }

        // A credential is for the host that was named, not for wherever an index points to.
        home ??= address.GetLeftPart(UriPartial.Authority);
        HttpResponseMessage response = await SendAsync(address, accept, ct).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.Unauthorized && await AnswerAsync(address, response, ct).ConfigureAwait(false))
        {
            response.Dispose();
            response = await SendAsync(address, accept, ct).ConfigureAwait(false);
        }

        using (response)
        {
            if (!response.IsSuccessStatusCode)
            {
                throw new HttpRequestException($"failed to fetch {address.GetLeftPart(UriPartial.Path)} : {(int)response.StatusCode} {response.ReasonPhrase}", null, response.StatusCode);
            }

            return (await ReadAsync(response, address, max, ct).ConfigureAwait(false), Next(response, address));
        }
    }

    /// <summary>Only within the same host: a page must not lead anywhere else.</summary>
    private static Uri? Next(HttpResponseMessage response, Uri address)
    {
        foreach (string link in response.Headers.TryGetValues("Link", out IEnumerable<string>? links) ? links : [])
        {
            int end = link.IndexOf('>', StringComparison.Ordinal);
            if (link.StartsWith('<') && end > 0 && link[end..].Replace("\"", "", StringComparison.Ordinal).Contains("rel=next", StringComparison.OrdinalIgnoreCase)
                && Uri.TryCreate(address, link[1..end], out Uri? next) && next.Authority == address.Authority && next.Scheme == address.Scheme)
            {
                return next;
            }
        }

        return null;
    }

    private async Task<HttpResponseMessage> SendAsync(Uri address, IReadOnlyList<string> accept, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Authorization = known.GetValueOrDefault(address.GetLeftPart(UriPartial.Authority));
        foreach (string type in accept)
        {
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(type));
        }

        return await SendAsync(request, ct).ConfigureAwait(false);
    }

    /// <summary>Of a connection that cannot be secured the framework tells the reason further within.</summary>
    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken ct)
    {
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct).ConfigureAwait(false);
        }
        catch (HttpRequestException e) when (e.InnerException is AuthenticationException insecure)
        {
            throw new HttpRequestException($"{request.RequestUri!.Authority} cannot be trusted: {(insecure.InnerException ?? insecure).Message}", e, e.StatusCode);
        }
    }

    private AuthenticationHeaderValue? Basic(Uri address) => credential is null || address.GetLeftPart(UriPartial.Authority) != home
        ? null
        : new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credential.User}:{credential.Password}")));

    /// <summary>Takes what a challenge asks for; false when there is nothing to answer it with.</summary>
    private async Task<bool> AnswerAsync(Uri address, HttpResponseMessage response, CancellationToken ct)
    {
        AuthenticationHeaderValue? challenge = response.Headers.WwwAuthenticate.FirstOrDefault(c => c.Scheme is "Bearer" or "Basic");
        AuthenticationHeaderValue? answer = challenge?.Scheme switch
        {
            "Basic" => Basic(address),
            "Bearer" => await TokenAsync(address, challenge.Parameter ?? "", ct).ConfigureAwait(false),
            _ => null,
        };
        if (answer is null)
        {
            return false;
        }

        known[address.GetLeftPart(UriPartial.Authority)] = answer;
        return true;
    }

    /// <summary>Asks a registry's token server (the distribution project's token authentication).</summary>
    private async Task<AuthenticationHeaderValue?> TokenAsync(Uri address, string challenge, CancellationToken ct)
    {
        Dictionary<string, string> parts = challenge.Split(',').Select(p => p.Split('=', 2)).Where(p => p.Length == 2)
            .GroupBy(p => p[0].Trim(), StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.First()[1].Trim().Trim('"'), StringComparer.Ordinal);
        if (!parts.TryGetValue("realm", out string? realm) || !Uri.TryCreate(realm, UriKind.Absolute, out Uri? server) || server.Scheme is not ("http" or "https"))
        {
            return null;
        }

        string query = string.Join('&', new[] { "service", "scope" }.Where(parts.ContainsKey).Select(k => $"{k}={Uri.EscapeDataString(parts[k])}"));
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{server.GetLeftPart(UriPartial.Path)}?{query}"));
        // What came over TLS does not go on in the open.
        request.Headers.Authorization = server.Scheme == Uri.UriSchemeHttps || address.Scheme == Uri.UriSchemeHttp ? Basic(address) : null;
        using HttpResponseMessage response = await SendAsync(request, ct).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
        {
            return null;
        }

        using JsonDocument json = Json(await ReadAsync(response, server, 1 << 20, ct).ConfigureAwait(false), server);
        string? token = new[] { "token", "access_token" }.Select(k => Text(json.RootElement, k)).FirstOrDefault(v => v is not null);
        return token is null ? null : new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>What a server answered, which must be a JSON object.</summary>
    /// <exception cref="ChartException">It is none, such as the page of a portal in between.</exception>
    public static JsonDocument Json(byte[] text, Uri address)
    {
        JsonDocument? json = null;
        try
        {
            json = JsonDocument.Parse(text);
        }
        catch (JsonException)
        {
            // Said below.
        }

        if (json is { RootElement.ValueKind: JsonValueKind.Object })
        {
            return json;
        }

        json?.Dispose();
        throw new ChartException("load", $"{address.GetLeftPart(UriPartial.Path)} does not answer as a registry does");
    }

    /// <summary>A member's text; null when it is absent or something else.</summary>
    public static string? Text(JsonElement json, string member) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(member, out JsonElement v) && v.ValueKind == JsonValueKind.String ? v.GetString() : null;

    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, Uri address, long max, CancellationToken ct)
    {
        ChartException TooLarge() => new("load", FormattableString.Invariant($"{address.GetLeftPart(UriPartial.Path)} is larger than {max} bytes"));
        if (response.Content.Headers.ContentLength > max)
        {
            throw TooLarge();
        }

        using Stream body = await response.Content.ReadAsStreamAsync(ct).ConfigureAwait(false);
        using var whole = new MemoryStream();
        var buffer = new byte[81_920];
        int read;
        while ((read = await body.ReadAsync(buffer, ct).ConfigureAwait(false)) > 0)
        {
            if (whole.Length + read > max)
            {
                throw TooLarge();
            }

            whole.Write(buffer, 0, read);
        }

        return whole.ToArray();
    }
}
