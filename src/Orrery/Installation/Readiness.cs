using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Commands;

namespace Orrery.Installation;

/// <summary>Waits until an installation does its work: the API answers, and every data plane's satellite reports.</summary>
internal sealed class Readiness(RunningInstallation installation, IEnumerable<OrreryProcess> started, TimeProvider time, Progress progress)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly HashSet<string> started = [.. started.Select(p => p.Name)];

    /// <exception cref="CommandFailedException">A process died, or patience ran out; says which and where its log is.</exception>
    public async Task WaitAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(patience);
        string waitingFor = Processes.ControlPlane;
        try
        {
            await UntilAsync(ControlPlaneReadyAsync, timeout.Token).ConfigureAwait(false);
            progress.Say($"control plane ready at {installation.Settings.Server}");
            await Fleet.EnsureDataPlanesAsync(installation, timeout.Token).ConfigureAwait(false);
            await Invitations.EnsureAsync(installation, time, timeout.Token).ConfigureAwait(false);
            foreach (string dataPlane in installation.Settings.DataPlanes)
            {
                waitingFor = $"data plane {dataPlane}";
                await UntilAsync(token => DataPlaneReadyAsync(dataPlane, token), timeout.Token).ConfigureAwait(false);
                progress.Say($"data plane {dataPlane} ready");
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CommandFailedException($"{waitingFor} was not ready after {patience.TotalSeconds:0} s; logs are in {Path.GetDirectoryName(installation.Directory.LogFile("x"))}");
        }
    }

    private async Task UntilAsync(Func<CancellationToken, Task<bool>> ready, CancellationToken cancellationToken)
    {
        while (!await ready(cancellationToken).ConfigureAwait(false))
        {
            foreach (OrreryProcess process in installation.Processes)
            {
                if (process.RunningPid() is not null)
                {
                    continue;
                }

                // One that was found running was on its way out: it gets its start now. One that we have started has failed.
                if (started.Add(process.Name))
                {
                    _ = process.Start();
                }
                else
                {
                    throw new CommandFailedException($"{process.Name} ended while starting; the end of its log ({installation.Directory.LogFile(process.Name)}):\n{process.LogTail(15)}");
                }
            }

            await Task.Delay(Interval, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<bool> ControlPlaneReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            // The kinds are installed right after the server listens: they are what the next steps need.
            _ = await installation.Root.ListAsync(OrreryResources.DataPlanes, "", null, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
        catch (StatusException error) when (error.Code is 404 or 500 or 503)
        {
            return false;
        }
    }

    /// <summary>
    /// Its condition may still tell of the time before a stop, for as long as a silence is forgiven: the cluster itself is asked as well, through the tunnel.
    /// </summary>
    private async Task<bool> DataPlaneReadyAsync(string name, CancellationToken cancellationToken)
    {
        if (await installation.Root.FindAsync(OrreryResources.DataPlanes, "", name, cancellationToken).ConfigureAwait(false) is not { } dataPlane || !Fleet.IsTrue(dataPlane, "Ready"))
        {
            return false;
        }

        try
        {
            _ = await installation.Root.GetTextAsync($"/apis/{OrreryResources.ApiVersion}/dataplanes/{name}/proxy/readyz", cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (StatusException error) when (error.Code == 403)
        {
            // Its owner lets nobody in, and said so: the tunnel stands.
            return true;
        }
        catch (StatusException error) when (error.Code is 500 or 502 or 503 or 504)
        {
            return false;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
