using System.Collections.Concurrent;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Orrery.Api;
using Orrery.Server.Handlers;

namespace Orrery.Controllers.Tests.Road;

/// <summary>
/// A data plane's end of logs and streams, as simple as it can be: a log is the pod's name and the query, or without end; a proxied
/// request is told back; a stream is sent back as it came.
/// </summary>
internal sealed class TestKubelet(string subresource) : ISubresourceHandler
{
    public const string Endless = "endless";

    public GroupResource Resource => new("", "pods");

    public string Subresource => subresource;

    /// <summary>Names of all headers that any request carried.</summary>
    public ConcurrentDictionary<string, string> Headers { get; } = new(StringComparer.OrdinalIgnoreCase);

    public async Task HandleAsync(SubresourceTarget target, HttpContext http, CancellationToken cancellationToken)
    {
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in http.Request.Headers)
        {
            Headers[name] = values.ToString();
        }

        if (subresource == "log")
        {
            await http.Response.WriteAsync($"{target.Object.Namespace}/{target.Object.Name}{http.Request.QueryString.Value}\n", cancellationToken);
            byte[] filler = new byte[64 * 1024];
            while (http.Request.Query["container"] == Endless)
            {
                await http.Response.Body.WriteAsync(filler, cancellationToken);
            }

            return;
        }

        if (subresource == "proxy" && !http.WebSockets.IsWebSocketRequest && http.Request.Headers.Upgrade.Count == 0)
        {
            string body = await new StreamReader(http.Request.Body).ReadToEndAsync(cancellationToken);
            http.Response.StatusCode = 207;
            http.Response.Headers["X-Answer"] = "of the pod";
            await http.Response.WriteAsync($"{http.Request.Method} {target.Object.Namespace}/{target.Proxy}{target.Tail}{http.Request.QueryString.Value} {body}\n", cancellationToken);
            return;
        }

        if (http.Request.Headers.Upgrade.ToString().StartsWith("SPDY", StringComparison.Ordinal))
        {
            http.Response.Headers.Upgrade = http.Request.Headers.Upgrade;
            await using Stream stream = await http.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
            await stream.CopyToAsync(stream, cancellationToken);
            return;
        }

        using WebSocket socket = await WebSocketUpgrade.AcceptAsync(http, WebSocketUpgrade.Offered(http)[0], TimeSpan.FromSeconds(30));
        byte[] buffer = new byte[1024];
        while (true)
        {
            ValueWebSocketReceiveResult got = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
            if (got.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "done", cancellationToken);
                return;
            }

            await socket.SendAsync(buffer.AsMemory(0, got.Count), got.MessageType, got.EndOfMessage, cancellationToken);
        }
    }
}
