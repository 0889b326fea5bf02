using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Handlers;
using Orrery.Simulator.Cluster;
using Orrery.Simulator.Spdy;

namespace Orrery.Simulator.Ports;

/// <summary>
/// Answers <c>kubectl port-forward</c> for the simulated pods: SPDY streams in pairs, one for data and one for what went wrong, on a connection of their own or, since
/// kubectl 1.31, within a WebSocket (KEP-4006).
/// </summary>
internal sealed class PodPortForward : ISubresourceHandler
{
    private const string Version = "portforward.k8s.io";
    private const string Tunnelled = "SPDY/3.1+portforward.k8s.io";
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);

    public GroupResource Resource => Known.Pods.GroupResource;

    public string Subresource => "portforward";

    public async Task HandleAsync(SubresourceTarget target, HttpContext http, CancellationToken cancellationToken)
    {
        KubeObject pod = target.Object;
        if (pod.PodPhase != "Running")
        {
            throw ApiErrors.InternalError($"unable to forward port because pod is not running. Current status={pod.PodPhase}");
        }

        await using SpdyConnection connection = await AcceptAsync(http).ConfigureAwait(false);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task receiving = connection.ReceiveAsync(over.Token);
        var waiting = new ConcurrentDictionary<string, SpdyStream>();
        var running = new List<Task>();
        try
        {
            await foreach (SpdyStream opened in connection.Opened.ReadAllAsync(over.Token).ConfigureAwait(false))
            {
                // The two streams of a pair bear one number, in whichever order they come.
                string pair = opened.Headers.GetValueOrDefault("requestID", "");
                if (waiting.TryRemove(pair, out SpdyStream? other))
                {
                    bool isData = opened.Headers.GetValueOrDefault("streamType") == "data";
                    running.Add(ServeAsync(pod, isData ? opened : other, isData ? other : opened, over.Token));
                }
                else
                {
                    waiting[pair] = opened;
                }
            }

            await receiving.ConfigureAwait(false);
        }
        catch (Exception e) when (IsGone(e))
        {
            // The client went.
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(running).ConfigureAwait(false);
        }
    }

    private static async Task<SpdyConnection> AcceptAsync(HttpContext http)
    {
        if (SpdyConnection.IsRequested(http))
        {
            return await SpdyConnection.AcceptAsync(http, [Version]).ConfigureAwait(false);
        }

        if (!WebSocketUpgrade.IsRequested(http) || !WebSocketUpgrade.Offered(http).Contains(Tunnelled))
        {
            throw ApiErrors.BadRequest($"a port is forwarded by {SpdyConnection.Protocol}, or by WebSocket with the subprotocol {Tunnelled}");
        }

        WebSocket socket = await WebSocketUpgrade.AcceptAsync(http, Tunnelled, KeepAlive).ConfigureAwait(false);
        return new SpdyConnection(WebSocketStream.Create(socket, WebSocketMessageType.Binary, ownsWebSocket: true));
    }

    private static async Task ServeAsync(KubeObject pod, SpdyStream data, SpdyStream errors, CancellationToken cancellationToken)
    {
        string port = data.Headers.GetValueOrDefault("port", "");
        try
        {
            if (ContainerPort.Find(pod, port) is { } number)
            {
                await ContainerServer.ServeAsync(pod, number, data.ReadAsync, data.WriteAsync, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await errors.WriteAsync(Encoding.UTF8.GetBytes($"error forwarding port {port} to pod {pod.Name}: connect: connection refused"), cancellationToken).ConfigureAwait(false);
            }

            await data.EndAsync(cancellationToken).ConfigureAwait(false);
            await errors.EndAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (IsGone(e))
        {
            // The client went.
        }
    }

    private static bool IsGone(Exception e) => e is IOException or WebSocketException or InvalidDataException or OperationCanceledException or ObjectDisposedException;
}
