using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Client;
using Orrery.Server.Handlers;
using Orrery.Simulator.Cluster;
using Orrery.Simulator.Shell;

namespace Orrery.Simulator.Kubelets;

/// <summary>Answers <c>kubectl attach</c> for the simulated pods: what the container prints from now on. It reads nothing.</summary>
/// <param name="find">The pod as it is now; null once it is gone.</param>
internal sealed class PodAttach(SimulationOptions options, Func<ObjectKey, KubeObject?> find) : ISubresourceHandler
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestLook = TimeSpan.FromMilliseconds(500);

    public GroupResource Resource => Known.Pods.GroupResource;

    public string Subresource => "attach";

    public async Task HandleAsync(SubresourceTarget target, HttpContext http, CancellationToken cancellationToken)
    {
        (string container, _) = RunningContainer.Of(target.Object, http.Request.Query["container"]);
        await using IRemoteStreams streams = await RemoteStreams.AcceptAsync(http, KeepAlive, options.Time, cancellationToken).ConfigureAwait(false);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task receiving = streams.ReceiveAsync(over.Token);
        try
        {
            Task printing = PrintAsync(target.Object, container, streams, over.Token);
            await Task.WhenAny(printing, receiving).ConfigureAwait(false);
            if (printing.IsCompletedSuccessfully)
            {
                await streams.EndAsync(0, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is WebSocketException or IOException or InvalidDataException or OperationCanceledException)
        {
            // The client went.
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
            await RemoteStreams.FinishedAsync(receiving).ConfigureAwait(false);
        }
    }

    /// <summary>Ends with the container.</summary>
    private async Task PrintAsync(KubeObject attached, string container, IRemoteStreams streams, CancellationToken cancellationToken)
    {
        var log = ContainerLog.Of(attached, container, options.LogInterval);
        long next = log.CountAt(options.Time.GetUtcNow());
        while (!log.IsFinished && find(attached.Key) is { } pod && pod.Uid == attached.Uid)
        {
            TimeSpan wait = log.TimeOf(next) - options.Time.GetUtcNow();
            await Task.Delay(wait < LongestLook && wait > TimeSpan.Zero ? wait : LongestLook, options.Time, cancellationToken).ConfigureAwait(false);
            if (log.By(pod) is not { } known)
            {
                return;
            }

            log = known;
            for (long count = log.CountAt(options.Time.GetUtcNow()); next < count; next++)
            {
                await streams.WriteAsync(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{log.TextOf(next)}\n")), cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
