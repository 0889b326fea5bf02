using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Client;
using Orrery.Satellite.Tunnel;

namespace Orrery.Satellite.Crowd;

/// <summary>One of many satellites in a process.</summary>
/// <param name="ControlPlane">With the satellite's own certificate.</param>
public sealed record CrowdMember(string DataPlane, ClientConfig ControlPlane);

/// <summary>
/// Many satellites in one process, to see what a control plane makes of them. Each has connections and an identity of its own and does towards the control plane what a
/// satellite does: keeps its tunnel, watches its Works, says that each is applied. Behind it is no cluster: applying takes no time.
/// </summary>
/// <param name="takesWorks">False only keeps tunnels.</param>
public sealed class SatelliteCrowd(IReadOnlyList<CrowdMember> members, bool takesWorks, TimeProvider time, ILoggerFactory? loggers = null)
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(15);

    /// <summary>Handshakes at once: one machine plays them all, which a fleet is not.</summary>
    private readonly SemaphoreSlim dialling = new(16);

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using TunnelServer server = await TunnelServer.StartAsync(Ready, loggers ?? NullLoggerFactory.Instance, cancellationToken).ConfigureAwait(false);
        await Together.RunAsync(members.Select<CrowdMember, Func<CancellationToken, Task>>(m => token => RunAsync(m, server, token)), cancellationToken).ConfigureAwait(false);
    }

    private static Task Ready(HttpContext http) => http.Response.WriteAsync("ok", http.RequestAborted);

    private async Task RunAsync(CrowdMember member, TunnelServer server, CancellationToken cancellationToken)
    {
        var joined = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var client = new KubeClient(TunnelDial.For(member.ControlPlane), time);
        await Together.RunAsync([token => DialAsync(member, client, server, joined, token), token => WorkAsync(member, client, joined.Task, token)], cancellationToken).ConfigureAwait(false);
    }

    private async Task WorkAsync(CrowdMember member, KubeClient client, Task joined, CancellationToken cancellationToken)
    {
        if (!takesWorks)
        {
            return;
        }

        await joined.WaitAsync(cancellationToken).ConfigureAwait(false);
        await new CrowdWorks(client, member.DataPlane, time).RunAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task DialAsync(CrowdMember member, KubeClient client, TunnelServer server, TaskCompletionSource joined, CancellationToken cancellationToken)
    {
        var chance = new Random(HashCode.Combine(member.DataPlane));
        TimeSpan wait = FirstWait;
        var dial = new TunnelDial(client, member.DataPlane, SatelliteOptions.AnyInstance(), time);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                Stream connection;
                await dialling.WaitAsync(cancellationToken).ConfigureAwait(false);
                try
                {
                    connection = await dial.OpenAsync(cancellationToken).ConfigureAwait(false);
                }
                finally
                {
                    dialling.Release();
                }

                joined.TrySetResult();
                wait = FirstWait;
                await server.ServeAsync(connection, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when ((Retry.IsAway(e) || e is WebSocketException) && !cancellationToken.IsCancellationRequested)
            {
                // Not there, or not let in yet: again.
            }

            await Task.Delay(wait * (0.5 + chance.NextDouble()), time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            wait = wait * 2 < LongestWait ? wait * 2 : LongestWait;
        }
    }
}
