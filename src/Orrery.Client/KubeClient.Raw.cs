using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Client;

public sealed partial class KubeClient
{
    private const string AsTable = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

    /// <summary>Any request whose answer is JSON: discovery, <c>/version</c>, reviews.</summary>
    /// <param name="pathAndQuery">Relative to this client's cluster; begins with a slash.</param>
    /// <param name="body">Null sends none.</param>
    public async Task<JsonElement> SendJsonAsync(HttpMethod method, string pathAndQuery, JsonNode? body, CancellationToken cancellationToken)
    {
        byte[] answer = await SendAsync(method, pathAndQuery, body is null ? null : Encode(body), method == HttpMethod.Get, cancellationToken).ConfigureAwait(false);
        var reader = new Utf8JsonReader(answer, KubeJson.ReaderOptions);
        return JsonElement.ParseValue(ref reader);
    }

    /// <summary>Objects of a resource as the server prints them: a <c>meta.k8s.io/v1</c> Table.</summary>
    /// <param name="ns">Empty for cluster-scoped objects, and for those of all namespaces.</param>
    /// <param name="name">Null takes all that the selectors of <paramref name="query"/> match; its page size and version play no part.</param>
    public async Task<JsonElement> GetTableAsync(GroupVersionResource resource, string ns, CancellationToken cancellationToken, string? name = null, ListQuery? query = null)
    {
        string path = ResourcePath.Query(ResourcePath.Of(resource, ns, name ?? ""), ("labelSelector", query?.LabelSelector), ("fieldSelector", query?.FieldSelector));
        var request = new ApiRequest(HttpMethod.Get, Full(path), null, null, true, AsTable);
        var reader = new Utf8JsonReader(await transport.SendAsync(request, cancellationToken).ConfigureAwait(false), KubeJson.ReaderOptions);
        return JsonElement.ParseValue(ref reader);
    }

    /// <summary>As <see cref="WatchAsync(GroupVersionResource, string, WatchQuery, CancellationToken)"/>, each event with a Table of one row in place of the object.</summary>
    public IAsyncEnumerable<WatchEvent> WatchTableAsync(GroupVersionResource resource, string ns, WatchQuery query, CancellationToken cancellationToken) =>
        WatchAsync(resource, ns, query, AsTable, cancellationToken);

    /// <summary>Any GET whose answer is text, such as <c>/readyz</c>.</summary>
    public async Task<string> GetTextAsync(string pathAndQuery, CancellationToken cancellationToken)
    {
        var request = new ApiRequest(HttpMethod.Get, Full(pathAndQuery), null, null, true, "*/*");
        return System.Text.Encoding.UTF8.GetString(await transport.SendAsync(request, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Any GET whose answer is read as it comes, such as a followed log. Disposing of the stream ends the request.</summary>
    public async Task<Stream> OpenAsync(string pathAndQuery, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await transport.OpenAsync(
            new ApiRequest(HttpMethod.Get, Full(pathAndQuery), null, null, true, "*/*"), cancellationToken).ConfigureAwait(false);
        return await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Passes a request on, with this client's credential, and gives the answer as it comes, whatever its status.</summary>
    /// <param name="upgrade">Asks to switch protocols, as <paramref name="headers"/> say; where the answer does (101), its stream can be written to as well.</param>
    /// <param name="content">Null sends no body.</param>
    public Task<HttpResponseMessage> ForwardAsync(
        HttpMethod method, string pathAndQuery, IEnumerable<KeyValuePair<string, string>> headers, bool upgrade, CancellationToken cancellationToken, HttpContent? content = null) =>
        transport.ForwardAsync(method, Full(pathAndQuery), headers, upgrade, content, cancellationToken);

    /// <summary>
    /// Opens a stream both ways (RFC 8441) within the HTTP/2 connection that carries this client's other requests. What is written goes out with the next flush; disposing of
    /// the stream ends it alone.
    /// </summary>
    /// <param name="protocol">What is spoken within, such as <c>websocket</c>.</param>
    /// <param name="headers">Beside the credential.</param>
    /// <exception cref="HttpRequestException">
    /// Also where somebody on the way knows no such streams (<see cref="HttpRequestError.ExtendedConnectNotSupported"/>) or no HTTP/2 (<see cref="HttpRequestError.VersionNegotiationError"/>).
    /// </exception>
    public Task<Stream> ConnectAsync(string protocol, string pathAndQuery, IEnumerable<KeyValuePair<string, string>> headers, CancellationToken cancellationToken) =>
        transport.ConnectAsync(protocol, Full(pathAndQuery), headers, cancellationToken);
}
