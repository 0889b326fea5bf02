using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Orrery.Api;

namespace Orrery.Client;

/// <summary>
/// Lets one of several processes lead, by a Lease that it renews (upstream: client-go <c>tools/leaderelection</c>).
/// <para>
/// Clocks of different machines are never compared: others count from when they saw a renewal, the leader from before it
/// sent one. A leader that cannot renew stops acting while the others still wait. One that was stopped and wakes up finds
/// its tenure over by its own clocks: give <see cref="MayAct"/> to <see cref="ClientConfig.MayChange"/>, and nothing it
/// was about to write leaves the process.
/// </para>
/// </summary>
public sealed class LeaderElection
{
    private readonly KubeClient client;
    private readonly LeaderElectionOptions options;
    private readonly ILogger logger;
    private readonly Tenure tenure;
    private LeaseRecord? seen;
    private long seenAt;

    /// <param name="client">Reaches the cluster with the Lease. Must not itself ask <see cref="MayAct"/>.</param>
    public LeaderElection(KubeClient client, LeaderElectionOptions options)
    {
        options.Validate();
        this.client = client;
        this.options = options;
        logger = options.Loggers.CreateLogger("Orrery.Client.LeaderElection");
        tenure = new Tenure(options.Time);
    }

    /// <summary>This process leads, and nobody else can by now.</summary>
    public bool MayAct => tenure.Lasts;

    /// <summary>
    /// Stands for election until cancelled; runs <paramref name="lead"/> each time it leads, and cancels that when it does
    /// no longer. At the end the Lease is handed back, so that another need not wait.
    /// </summary>
    /// <param name="lead">Runs until cancelled. When it fails or ends by itself, so does the election.</param>
    public async Task RunAsync(Func<CancellationToken, Task> lead, CancellationToken cancellationToken)
    {
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                await AcquireAsync(cancellationToken).ConfigureAwait(false);
                LeadershipLog.Leads(logger, options.Name, options.Identity);
                using var term = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                Task work = lead(term.Token);
                Task<string> renewals = RenewAsync(term.Token);
                bool isLost = await Task.WhenAny(work, renewals).ConfigureAwait(false) == renewals && !cancellationToken.IsCancellationRequested;
                if (isLost && renewals.IsCompletedSuccessfully)
                {
                    LeadershipLog.Lost(logger, options.Name, options.Identity, await renewals.ConfigureAwait(false));
                }

                // Lost, asked to stop, or the work ended: it is over before the Lease is given to somebody else.
                await term.CancelAsync().ConfigureAwait(false);
                await ((Task)renewals).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (isLost)
                {
                    await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    await renewals.ConfigureAwait(false);
                    continue;
                }

                await work.ConfigureAwait(false);
                return;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop.
        }
        finally
        {
            await ReleaseAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Returns once this process leads.</summary>
    private async Task AcquireAsync(CancellationToken cancellationToken)
    {
        string leader = "";
        while (true)
        {
            // 1. Take it where it is free, or has been left.
            string? fault = await TryAsync(async token =>
            {
                KubeObject? lease = await client.FindAsync(LeaseRecord.Leases, options.Namespace, options.Name, token).ConfigureAwait(false);
                See(lease is null ? null : LeaseRecord.From(lease));
                if (UntilFree() <= TimeSpan.Zero)
                {
                    await WriteAsync(token).ConfigureAwait(false);
                }
            }, options.RenewDeadline, cancellationToken).ConfigureAwait(false);
            if (MayAct)
            {
                return;
            }

            // 2. Otherwise wait for the leader to fall silent or to let go.
            if (fault is null && seen is { Holder.Length: > 0 } held && held.Holder != leader)
            {
                LeadershipLog.StandsBy(logger, options.Name, leader = held.Holder);
            }

            if (fault is not null || seen?.Version is null)
            {
                await Task.Delay(options.RetryPeriod, options.Time, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await WatchUntilFreeAsync(seen.Version, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Renews until that fails for too long.</summary>
    /// <returns>Why this process leads no longer.</returns>
    private async Task<string> RenewAsync(CancellationToken cancellationToken)
    {
        string? fault = null;
        while (true)
        {
            TimeSpan left = tenure.Left;
            if (left <= TimeSpan.Zero)
            {
                tenure.Stop();
                return fault is null ? "it was stopped, or kept from running, past the renew deadline" : $"not renewed in time: {fault}";
            }

            await Task.Delay(left < options.RetryPeriod ? left : options.RetryPeriod, options.Time, cancellationToken).ConfigureAwait(false);
            if (!MayAct)
            {
                continue;
            }

            fault = await TryAsync(RenewOnceAsync, tenure.Left, cancellationToken).ConfigureAwait(false);
            if (seen is { } now && now.Holder != options.Identity)
            {
                tenure.Stop();
                return $"{(now.Holder.Length == 0 ? "nobody" : now.Holder)} holds it";
            }
        }
    }

    private async Task RenewOnceAsync(CancellationToken cancellationToken)
    {
        try
        {
            await WriteAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException refusal) when (refusal.IsConflict || refusal.IsNotFound || refusal.IsAlreadyExists)
        {
            // A renewal whose answer was lost, somebody's hand, or another leader: the Lease itself tells.
            KubeObject? lease = await client.FindAsync(LeaseRecord.Leases, options.Namespace, options.Name, cancellationToken).ConfigureAwait(false);
            See(lease is null ? null : LeaseRecord.From(lease));
            if (seen is null || seen.Holder == options.Identity)
            {
                await WriteAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Writes this process into the Lease as it was last seen; a tenure begins or goes on.</summary>
    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        (long Timestamp, DateTimeOffset At) sent = tenure.Now;
        bool goesOn = seen?.Holder == options.Identity;
        var record = new LeaseRecord(
            options.Identity, (int)options.LeaseDuration.TotalSeconds, goesOn ? seen!.Acquired : sent.At, sent.At,
            seen is null ? 0 : seen.Transitions + (goesOn ? 0 : 1), seen?.Version);
        KubeObject written = seen is null
            ? await client.CreateAsync(LeaseRecord.Leases, options.Namespace, record.ToJson(options.Name), cancellationToken).ConfigureAwait(false)
            : await client.UpdateAsync(LeaseRecord.Leases, options.Namespace, options.Name, record.ToJson(options.Name), cancellationToken).ConfigureAwait(false);
        See(LeaseRecord.From(written));
        tenure.Extend(sent, options.RenewDeadline);
    }

    /// <summary>Follows the Lease until it may be tried for.</summary>
    private async Task WatchUntilFreeAsync(string version, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(UntilFree() is { Ticks: > 0 } left ? left : TimeSpan.Zero, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            var query = new WatchQuery { ResourceVersion = version, FieldSelector = "metadata.name=" + options.Name, AllowBookmarks = false };
            await foreach (WatchEvent change in client.WatchAsync(LeaseRecord.Leases, options.Namespace, query, either.Token).ConfigureAwait(false))
            {
                See(change.Type == WatchEventType.Deleted ? null : LeaseRecord.From(change.Object));
                TimeSpan wait = UntilFree();
                if (wait <= TimeSpan.Zero)
                {
                    return;
                }

                patience.CancelAfter(wait);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The leader has been silent for long enough.
            return;
        }
        catch (Exception fault) when (IsPassing(fault))
        {
            LeadershipLog.TryAgain(logger, options.Name, fault.Message);
        }

        // The stream ended or never began: look again, but not at once.
        await Task.Delay(options.RetryPeriod, options.Time, cancellationToken).ConfigureAwait(false);
    }

    private async Task ReleaseAsync()
    {
        if (!MayAct || seen is not { } held || held.Holder != options.Identity)
        {
            return;
        }

        // From here on nothing is done as the leader. The stop is under way, so it is not cancelled but bounded.
        tenure.Stop();
        string? fault = await TryAsync(token => FreeAsync(held, token), options.RetryPeriod, CancellationToken.None).ConfigureAwait(false);
        if (fault is null)
        {
            LeadershipLog.Released(logger, options.Name, options.Identity);
        }
    }

    private async Task FreeAsync(LeaseRecord held, CancellationToken cancellationToken)
    {
        while (true)
        {
            DateTimeOffset now = options.Time.GetUtcNow();
            LeaseRecord free = held with { Holder = "", Seconds = 1, Acquired = now, Renewed = now };
            try
            {
                await client.UpdateAsync(LeaseRecord.Leases, options.Namespace, options.Name, free.ToJson(options.Name), cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (StatusException refusal) when (refusal.IsConflict)
            {
                // A renewal that was under way when it was stopped has been taken, though nobody heard so: what it wrote is to be handed back.
                KubeObject? lease = await client.FindAsync(LeaseRecord.Leases, options.Namespace, options.Name, cancellationToken).ConfigureAwait(false);
                if (lease is null || LeaseRecord.From(lease) is not { } present || present.Holder != options.Identity)
                {
                    throw;
                }

                held = present;
            }
        }
    }

    /// <returns>What went wrong, null when nothing did.</returns>
    private async Task<string?> TryAsync(Func<CancellationToken, Task> step, TimeSpan within, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(within, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            await step(either.Token).ConfigureAwait(false);
            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return string.Create(CultureInfo.InvariantCulture, $"no answer within {within.TotalSeconds:0.0} s");
        }
        catch (Exception fault) when (IsPassing(fault))
        {
            LeadershipLog.TryAgain(logger, options.Name, fault.Message);
            return fault.Message;
        }
    }

    /// <summary>The server is away, too busy, or refuses for now, or a proxy answers in its place: nothing that ends an election.</summary>
    private static bool IsPassing(Exception fault) => fault is StatusException or HttpRequestException or IOException or TimeoutException or JsonException;

    private void See(LeaseRecord? lease)
    {
        if (lease is null || lease != seen)
        {
            seenAt = options.Time.GetTimestamp();
        }

        seen = lease;
    }

    /// <summary>How long the present holder is to be left alone; zero or less: not at all.</summary>
    private TimeSpan UntilFree() =>
        seen is not { } lease || lease.Holder.Length == 0 || lease.Holder == options.Identity
            ? TimeSpan.Zero
            : TimeSpan.FromSeconds(lease.Seconds) - options.Time.GetElapsedTime(seenAt);
}
