using Orrery.Api;
using Orrery.Client;
using Orrery.Commands;

namespace Orrery.Installation;

/// <summary>Brings an installation up, whatever state it was left in, and keeps it up while in the foreground.</summary>
internal sealed class Launcher(TimeProvider time)
{
    /// <summary>Within which everything is to be ready, on a machine that has little else to do.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>How often the foreground looks for processes that have died.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    /// <summary>How often the foreground looks for satellites that were asleep for longer than their certificates hold, and how long that may take.</summary>
    private static readonly TimeSpan InvitationInterval = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan InvitationPatience = TimeSpan.FromSeconds(20);

    /// <summary>Brings an installation up and shows it. In the foreground it then stays, and whenever it is cancelled stops everything.</summary>
    /// <param name="patience">Within which all of it is to be ready.</param>
    /// <param name="detach">Leaves it running in the background.</param>
    /// <param name="show">What is done once it is ready.</param>
    /// <exception cref="CommandFailedException">It cannot be started as asked for, was not ready in time, or was left half started in the background; says why.</exception>
    public async Task RunAsync(UpRequest request, TimeSpan patience, bool detach, Func<RunningInstallation, Task> show, CancellationToken cancellationToken)
    {
        try
        {
            using RunningInstallation installation = await UpAsync(request, patience, cancellationToken).ConfigureAwait(false);
            await show(installation).ConfigureAwait(false);
            if (!detach)
            {
                await SuperviseAsync(installation, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested && detach)
        {
            throw new CommandFailedException("interrupted; what was started goes on, and 'orrery down' stops it") { ExitCode = Faults.Interrupted };
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            (DataDirectory directory, Settings settings) = Options.Existing(request.DataDir);
            await StopAsync(Processes.Of(directory, settings)).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// 1. settles the settings, 2. makes keys and kubeconfigs that are missing, 3. starts what does not run,
    /// 4. waits until everything is ready. Running processes are left as they are.
    /// </summary>
    /// <param name="patience">Within which all of it is to be ready.</param>
    /// <exception cref="CommandFailedException">It cannot be started as asked for, or was not ready in time; says why.</exception>
    private async Task<RunningInstallation> UpAsync(UpRequest request, TimeSpan patience, CancellationToken cancellationToken)
    {
        var progress = new Progress(time, quiet: false);
        var directory = new DataDirectory(request.DataDir);
        Settings? existing = Settings.Load(directory);

        // 1. settings
        Settings settings = request.Resolve(existing);
        directory.Create();
        using InstallationLock taken = InstallationLock.Take(directory);
        if (existing is not null && (settings.Port != existing.Port || !settings.DataPlanes.SequenceEqual(existing.DataPlanes)))
        {
            RefuseWhileRunning(directory, existing);
        }

        IReadOnlyList<OrreryProcess> processes = Processes.Of(directory, settings);
        List<OrreryProcess> toStart = [.. processes.Where(p => p.RunningPid() is null)];
        RefuseTakenPorts(toStart);
        settings.Save(directory);

        // 2. keys
        Credentials.Ensure(directory, settings, time);

        // 3. start
        foreach (OrreryProcess process in toStart)
        {
            _ = process.Start();
        }

        progress.Say(toStart.Count == 0 ? "everything runs already" : $"started {toStart.Count} of {processes.Count} processes");

        // 4. ready
        var installation = new RunningInstallation(directory, settings, processes, new KubeClient(KubeConfig.Load(directory.AdminKubeconfig)));
        var readiness = new Readiness(installation, toStart, time, progress);
        await readiness.WaitAsync(patience, cancellationToken).ConfigureAwait(false);
        return installation;
    }

    /// <summary>Starts again what dies, and lets satellites in again whose certificates ended while the machine slept, until cancelled; then stops everything.</summary>
    private async Task SuperviseAsync(RunningInstallation installation, CancellationToken cancellationToken)
    {
        await Console.Error.WriteLineAsync("Press Ctrl-C to stop.").ConfigureAwait(false);
        var failures = new Dictionary<string, int>(StringComparer.Ordinal);
        var notBefore = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        DateTimeOffset nextInvitations = time.GetUtcNow() + InvitationInterval;
        using var timer = new PeriodicTimer(LookInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
            {
                foreach (OrreryProcess process in installation.Processes.Where(p => p.RunningPid() is null))
                {
                    DateTimeOffset now = time.GetUtcNow();
                    if (notBefore.TryGetValue(process.Name, out DateTimeOffset wait) && now < wait)
                    {
                        continue;
                    }

                    int count = failures[process.Name] = failures.GetValueOrDefault(process.Name) + 1;
                    notBefore[process.Name] = now + TimeSpan.FromSeconds(Math.Min(60, Math.Pow(2, count)));
                    await Console.Error.WriteLineAsync($"{process.Name} has ended; starting it again (its log: {installation.Directory.LogFile(process.Name)})").ConfigureAwait(false);
                    _ = process.Start();
                }

                if (time.GetUtcNow() >= nextInvitations)
                {
                    nextInvitations = time.GetUtcNow() + InvitationInterval;
                    await InviteAsync(installation, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await StopAsync(installation.Processes).ConfigureAwait(false);
        }
    }

    private static async Task StopAsync(IReadOnlyList<OrreryProcess> processes)
    {
        await Console.Error.WriteLineAsync("Stopping ...").ConfigureAwait(false);
        _ = await DownCommand.StopAllAsync(processes, CancellationToken.None).ConfigureAwait(false);
    }

    private async Task InviteAsync(RunningInstallation installation, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(InvitationPatience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            await Invitations.EnsureAsync(installation, time, both.Token).ConfigureAwait(false);
        }
        catch (Exception away) when (away is StatusException or HttpRequestException or IOException or CommandFailedException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // A control plane that has only just been started again: in a minute it is asked once more.
            await Console.Error.WriteLineAsync($"whether satellites need another invitation could not be looked up: {away.Message}").ConfigureAwait(false);
        }
    }

    private static void RefuseWhileRunning(DataDirectory directory, Settings existing)
    {
        if (Processes.Of(directory, existing).Any(p => p.RunningPid() is not null))
        {
            throw new CommandFailedException(
                $"the installation in {directory.Path} runs on port {existing.Port} with data planes {string.Join(',', existing.DataPlanes)}; stop it with './orrery down' before you change that");
        }
    }

    private static void RefuseTakenPorts(IEnumerable<OrreryProcess> toStart)
    {
        foreach (OrreryProcess process in toStart)
        {
            if (process.Endpoint is { } endpoint && !Ports.IsFree(endpoint.Port))
            {
                throw new CommandFailedException(
                    $"port {endpoint.Port}, wanted by {process.Name}, is in use by another program; free it or choose other ports with --port");
            }
        }
    }
}
