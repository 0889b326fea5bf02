using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Testing;

namespace Orrery.Server.Tests;

/// <summary>Requests in a client's own words: headers, content types and bodies as they are given.</summary>
internal sealed class RawHttp : IDisposable
{
    private readonly HttpClient http;

    private readonly string prefix;

    /// <summary>Of HTTP, and no other.</summary>
    public Version Version { get; init; } = HttpVersion.Version11;

    /// <param name="cluster">Whose administrator asks, and whose paths are meant; null is root.</param>
    public RawHttp(TestServer server, ClusterName? cluster = null)
    {
        prefix = cluster?.PathPrefix.TrimEnd('/') ?? "";
        var handler = new SocketsHttpHandler();
        // The certificate's authority is the test's own; what is tested here is not TLS.
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        http = new HttpClient(handler) { BaseAddress = new Uri(server.Url.GetLeftPart(UriPartial.Authority)) };
        if (cluster is { IsAll: true })
        {
            // A token is for one cluster.
            handler.SslOptions.ClientCertificates = [server.Certificate("test-admin", [UserGroups.Masters], ClusterScope.All)];
        }
        else
        {
            http.DefaultRequestHeaders.Authorization = new("Bearer", server.AdminToken(cluster ?? ClusterName.Root));
        }
    }

    /// <param name="contentType">Of the body; null sends none.</param>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? body = null, string? contentType = "application/json", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, new Uri(prefix + path, UriKind.Relative)) { Version = Version, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8);
            request.Content.Headers.ContentType = null;
            if (contentType is not null)
            {
                request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
            }
        }

        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>An answer whose body is still to come.</summary>
    public async Task<HttpResponseMessage> OpenAsync(string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(prefix + path, UriKind.Relative)) { Version = Version, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    public async Task<string> TextAsync(string path)
    {
        using HttpResponseMessage answer = await SendAsync(HttpMethod.Get, path);
        return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    public static async Task<JsonObject> JsonAsync(HttpResponseMessage answer) =>
        (JsonObject)JsonNode.Parse(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken))!;

    public void Dispose() => http.Dispose();
}
