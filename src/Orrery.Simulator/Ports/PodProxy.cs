using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Handlers;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Ports;

/// <summary>Answers <c>…/pods/NAME:PORT/proxy/…</c> for the simulated pods, as what listens there would.</summary>
internal sealed class PodProxy : ISubresourceHandler
{
    private const int LongestBody = 1024 * 1024;
    private const int EchoBuffer = 16 * 1024;
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);

    public GroupResource Resource => Known.Pods.GroupResource;

    public string Subresource => "proxy";

    public Task HandleAsync(SubresourceTarget target, HttpContext http, CancellationToken cancellationToken)
    {
        KubeObject pod = target.Object;
        if (pod.PodPhase != "Running" || ContainerPort.Find(pod, target.Proxy.Port) is not { } port)
        {
            throw ApiErrors.ServiceUnavailable($"error trying to reach service: connect to pod {pod.Name}, port {(target.Proxy.Port.Length > 0 ? target.Proxy.Port : "80")}: connection refused");
        }

        return AnswerAsync(pod, port, target, http, cancellationToken);
    }

    /// <summary>As what listens on that port of the pod.</summary>
    internal static async Task AnswerAsync(KubeObject pod, int port, SubresourceTarget target, HttpContext http, CancellationToken cancellationToken)
    {
        if (WebSocketUpgrade.IsRequested(http))
        {
            await EchoAsync(http, cancellationToken).ConfigureAwait(false);
            return;
        }

        using var body = new MemoryStream();
        byte[] buffer = new byte[16 * 1024];
        for (int read; (read = await http.Request.Body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0;)
        {
            body.Write(buffer, 0, read);
            if (body.Length > LongestBody)
            {
                throw ApiErrors.BadRequest("a simulated pod takes bodies up to 1 MiB");
            }
        }

        string path = (target.Tail.Length == 0 ? "/" : target.Tail) + http.Request.QueryString.Value;
        (int status, byte[] answer) = ContainerServer.Answer(pod, port, http.Request.Method, path, body.ToArray());
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        http.Response.ContentLength = answer.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await http.Response.Body.WriteAsync(answer, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>What is no HTTP is said back, as on the port itself.</summary>
    private static async Task EchoAsync(HttpContext http, CancellationToken cancellationToken)
    {
        using WebSocket socket = await WebSocketUpgrade.AcceptAsync(http, WebSocketUpgrade.Offered(http).FirstOrDefault(), KeepAlive).ConfigureAwait(false);
        byte[] buffer = new byte[EchoBuffer];
        try
        {
            while (true)
            {
                ValueWebSocketReceiveResult got = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken).ConfigureAwait(false);
                if (got.MessageType == WebSocketMessageType.Close)
                {
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken).ConfigureAwait(false);
                    return;
                }

                await socket.SendAsync(buffer.AsMemory(0, got.Count), got.MessageType, got.EndOfMessage, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is WebSocketException or IOException or InvalidDataException or OperationCanceledException)
        {
            // The client has gone, or the server goes.
        }
    }
}
