using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Commands;

namespace Orrery.Installation;

/// <summary>Waits until an installation does its work: the API answers, and every data plane's satellite reports.</summary>
internal sealed class Readiness(RunningInstallation installation, IEnumerable<OrreryProcess> started, TimeProvider time, Progress progress)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>How long one answer is waited for. One that was lost is asked for again, over another connection, while there is patience left.</summary>
    private static readonly TimeSpan LookLimit = TimeSpan.FromSeconds(10);

    private readonly HashSet<string> started = [.. started.Select(p => p.Name)];

    /// <summary>Why it was not ready when it was looked at last.</summary>
    private string found = "it was not looked at";

    /// <exception cref="CommandFailedException">A process died, or patience ran out; says which and why, and where its log is.</exception>
    public async Task WaitAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(patience);
        string waitingFor = Processes.ControlPlane;
        try
        {
            await UntilAsync(ControlPlaneAsync, timeout.Token).ConfigureAwait(false);
            progress.Say($"control plane ready at {installation.Settings.Server}");
            (waitingFor, found) = ("what satellites join by", "the namespaces and rights of the data planes are not all made yet");
            await Fleet.EnsureDataPlanesAsync(installation, timeout.Token).ConfigureAwait(false);
            await Invitations.EnsureAsync(installation, time, timeout.Token).ConfigureAwait(false);
            foreach (string dataPlane in installation.Settings.DataPlanes)
            {
                waitingFor = $"data plane {dataPlane}";
                await UntilAsync(token => DataPlaneAsync(dataPlane, token), timeout.Token).ConfigureAwait(false);
                progress.Say($"data plane {dataPlane} ready");
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CommandFailedException(
                $"{waitingFor} was not ready after {patience.TotalSeconds:0} s: {found}; logs are in {Path.GetDirectoryName(installation.Directory.LogFile("x"))}. "
                + "What was started goes on; 'orrery up' again waits for it and does what is left (--timeout gives it longer)");
        }
    }

    /// <param name="look">What is missing; null when nothing is.</param>
    private async Task UntilAsync(Func<CancellationToken, Task<string?>> look, CancellationToken cancellationToken)
    {
        while (await LookAsync(look, cancellationToken).ConfigureAwait(false) is { } missing)
        {
            found = missing;
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

    private async Task<string?> LookAsync(Func<CancellationToken, Task<string?>> look, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(LookLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await look(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            installation.Root.Abandon();
            return $"no answer within {LookLimit.TotalSeconds:0} s";
        }
        catch (HttpRequestException away)
        {
            return away.Message;
        }
    }

    private async Task<string?> ControlPlaneAsync(CancellationToken cancellationToken)
    {
        try
        {
            // The kinds are installed right after the server listens: they are what the next steps need.
            _ = await installation.Root.ListAsync(OrreryResources.DataPlanes, "", null, cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (StatusException error) when (error.Code is 404 or 500 or 503)
        {
            return error.Message;
        }
    }

    /// <summary>
    /// Its condition may still tell of the time before a stop, for as long as a silence is forgiven: the cluster itself is asked as well, through the tunnel.
    /// </summary>
    private async Task<string?> DataPlaneAsync(string name, CancellationToken cancellationToken)
    {
        if (await installation.Root.FindAsync(OrreryResources.DataPlanes, "", name, cancellationToken).ConfigureAwait(false) is not { } dataPlane)
        {
            return "it is not there";
        }

        if (!Fleet.IsTrue(dataPlane, OrreryNames.ReadyCondition))
        {
            return Fleet.Condition(dataPlane, OrreryNames.ReadyCondition) is { } said ? said.GetRawText() : "its satellite was not heard yet";
        }

        try
        {
            _ = await installation.Root.GetTextAsync($"/apis/{OrreryResources.ApiVersion}/dataplanes/{name}/proxy/readyz", cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (StatusException error) when (error.Code == 403)
        {
            // Its owner lets nobody in, and said so: the tunnel stands.
            return null;
        }
        catch (StatusException error) when (error.Code is 500 or 502 or 503 or 504)
        {
            return error.Message;
        }
    }
}
