using Microsoft.Extensions.Hosting;

namespace Orrery.Server;

/// <summary>
/// Leaves signals to the process that hosts the server. The web host's own lifetime would take SIGTERM and Ctrl-C for
/// itself, stop this one server and keep the process alive.
/// </summary>
internal sealed class NoHostLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
