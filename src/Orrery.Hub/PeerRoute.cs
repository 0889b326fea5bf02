using Microsoft.AspNetCore.Http;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Hub;

/// <summary>To a tunnel that ends at another server: asked there at <c>dataplanes/NAME/relay</c>, with this server's own certificate.</summary>
internal sealed class PeerRoute(KubeClient peer) : ITunnelRoute
{
    /// <summary>Never: the other server ends what goes through it.</summary>
    public CancellationToken Over => default;

    public bool TryEnter() => true;

    public ValueTask LeaveAsync() => ValueTask.CompletedTask;

    public async Task<HttpResponseMessage> SendAsync(TunnelRequest asked, HttpContext http, CancellationToken cancellationToken)
    {
        string path = $"/apis/{OrreryResources.ApiVersion}/dataplanes/{asked.DataPlane}/{RelayHandler.Name}{asked.Path}";

        // Headers are chosen here as for a tunnel of our own; the message is only where they are collected.
        using var chosen = new HttpRequestMessage();
        if (asked.Stream is { } stream)
        {
            StreamHeaders.CopyRequest(stream, http.Request.Headers, chosen.Headers);
            chosen.Headers.TryAddWithoutValidation("Connection", "Upgrade");
            chosen.Headers.TryAddWithoutValidation("Upgrade", stream.Protocol);
        }
        else if (asked.IsProxy)
        {
            ProxyHeaders.CopyRequest(http, chosen);
        }

        chosen.Headers.TryAddWithoutValidation(StreamHeaderNames.AskedBy, Uri.EscapeDataString(asked.User));
        HttpContent? content = chosen.Content;
        chosen.Content = null;
        IEnumerable<KeyValuePair<string, string>> headers = chosen.Headers.NonValidated.SelectMany(h => h.Value, (h, value) => KeyValuePair.Create(h.Key, value));
        HttpMethod method = asked.Stream?.Method ?? (asked.IsProxy ? new HttpMethod(http.Request.Method) : HttpMethod.Get);
        return await peer.ForwardAsync(method, path, headers, asked.Stream is not null, cancellationToken, content).ConfigureAwait(false);
    }
}
