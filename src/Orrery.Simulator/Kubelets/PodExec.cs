using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Client;
using Orrery.Server.Handlers;
using Orrery.Simulator.Cluster;
using Orrery.Simulator.Shell;

namespace Orrery.Simulator.Kubelets;

/// <summary>Answers <c>kubectl exec</c>, and with it <c>cp</c>, for the simulated pods, over WebSockets and SPDY.</summary>
/// <param name="find">The pod as it is now; null once it is gone.</param>
internal sealed class PodExec(SimulationOptions options, Func<ObjectKey, KubeObject?> find) : ISubresourceHandler
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);

    /// <summary>For a client's own goodbye. Some read on only when the connection ends, as with a kubelet it does at once.</summary>
    private static readonly TimeSpan Parting = TimeSpan.FromMilliseconds(250);

    /// <summary>Files by pod uid and container, while the pod is there.</summary>
    private readonly ConcurrentDictionary<(ObjectKey Pod, string Uid, string Container), ContainerFiles> files = new();

    public GroupResource Resource => Known.Pods.GroupResource;

    public string Subresource => "exec";

    public async Task HandleAsync(SubresourceTarget target, HttpContext http, CancellationToken cancellationToken)
    {
        // 1. What is to run, and where.
        string[] command = [.. http.Request.Query["command"].OfType<string>()];
        if (command.Length == 0)
        {
            throw ApiErrors.BadRequest("you must specify at least one command for the container");
        }

        KubeObject pod = target.Object;
        (string container, JsonElement spec) = RunningContainer.Of(pod, http.Request.Query["container"]);

        // 2. Run it.
        Forget();
        ContainerFiles disk = files.GetOrAdd((pod.Key, pod.Uid, container), _ => new ContainerFiles(pod.Name));
        await using IRemoteStreams streams = await RemoteStreams.AcceptAsync(http, KeepAlive, options.Time, cancellationToken).ConfigureAwait(false);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task receiving = streams.ReceiveAsync(over.Token);
        try
        {
            var shell = new ContainerShell(disk, RunningContainer.Environment(pod, spec), pod.Name, streams, options.Time);
            int code = await shell.RunAsync(command, IsOn(http, "tty"), over.Token).ConfigureAwait(false);
            await streams.EndAsync(code, cancellationToken).ConfigureAwait(false);
            await receiving.WaitAsync(Parting, options.Time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is WebSocketException or IOException or InvalidDataException or TimeoutException or OperationCanceledException)
        {
            // The client went: what it ran ends with it.
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
            await RemoteStreams.FinishedAsync(receiving).ConfigureAwait(false);
        }
    }

    private static bool IsOn(HttpContext http, string flag) => http.Request.Query[flag] is [("true" or "1"), ..];

    private void Forget()
    {
        foreach ((ObjectKey Pod, string Uid, string Container) key in files.Keys.Where(k => find(k.Pod)?.Uid != k.Uid))
        {
            files.TryRemove(key, out _);
        }
    }
}
