using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Api;

namespace Orrery.Client;

/// <summary>How a <see cref="ReconcilerHost{TKey}"/> runs its reconciler.</summary>
public sealed record ReconcilerOptions<TKey>
    where TKey : notnull
{
    /// <summary>Keys worked on at once; at least 1.</summary>
    public int Workers { get; init; } = 4;

    /// <summary>Whose a key is: owners take turns, so that thousands of keys of one hold up nobody else's. Null where all keys are one's.</summary>
    public Func<TKey, string>? OwnerOf { get; init; }

    /// <summary>Keys of one owner that are worked on at once, for a reconciler that waits for what an owner may hold up; 0 knows no bound but <see cref="Workers"/>.</summary>
    public int MostOfOne { get; init; }

    /// <summary>How often every key is looked at without any event; zero never.</summary>
    public TimeSpan LevelInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>All keys there are now, for the level look; null has none.</summary>
    public Func<IEnumerable<TKey>>? LevelKeys { get; init; }

    /// <summary>Informers that must know their objects before the first key is worked on.</summary>
    public IReadOnlyList<Informer> Needs { get; init; } = [];

    /// <summary>Wait after a key's first failure, and the longest one.</summary>
    public TimeSpan BackoffMin { get; init; } = TimeSpan.FromMilliseconds(5);

    public TimeSpan BackoffMax { get; init; } = TimeSpan.FromSeconds(30);

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;
}

/// <summary>Runs one reconciler: a queue of keys, workers, retries, and a regular look at everything.</summary>
public sealed class ReconcilerHost<TKey> : IDisposable
    where TKey : notnull
{
    /// <summary>A cache that lags behind, or a namespace that is about to come, makes writes fail for about a second, and is no news.</summary>
    private const int RacesForgiven = 8;

    /// <summary>Without a connection every key fails, again and again, for days perhaps: one of them speaks for all, once a minute.</summary>
    private static readonly TimeSpan UnreachablePace = TimeSpan.FromMinutes(1);

    private readonly Lock pace = new();
    private long? saidUnreachable;

    private readonly string name;
    private readonly IReconciler<TKey> reconciler;
    private readonly ReconcilerOptions<TKey> options;
    private readonly ILogger logger;

    /// <param name="name">For the log and for metrics.</param>
    public ReconcilerHost(string name, IReconciler<TKey> reconciler, ReconcilerOptions<TKey>? options = null)
    {
        this.name = name;
        this.reconciler = reconciler;
        this.options = options ?? new ReconcilerOptions<TKey>();
        ArgumentOutOfRangeException.ThrowIfLessThan(this.options.Workers, 1);
        logger = this.options.Loggers.CreateLogger("Orrery.Client.Reconciler");
        Queue = new WorkQueue<TKey>(this.options.Time, this.options.BackoffMin, this.options.BackoffMax, this.options.OwnerOf, this.options.MostOfOne, name);
    }

    /// <summary>Where informers' handlers put keys; may be filled before <see cref="RunAsync"/>.</summary>
    public WorkQueue<TKey> Queue { get; }

    /// <summary>Runs until cancelled. Reconcilers' failures are logged and tried again, never thrown.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        RuntimeMetrics.Add(Queue, name);
        try
        {
            await Task.WhenAll(options.Needs.Select(i => i.HasSynced)).WaitAsync(cancellationToken).ConfigureAwait(false);
            var loops = new List<Task>(options.Workers + 1);
            for (int i = 0; i < options.Workers; i++)
            {
                loops.Add(WorkAsync(cancellationToken));
            }

            if (options.LevelInterval > TimeSpan.Zero && options.LevelKeys is { } keys)
            {
                loops.Add(LevelAsync(keys, cancellationToken));
            }

            await Task.WhenAll(loops).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop.
        }
        finally
        {
            RuntimeMetrics.Remove(Queue);
        }
    }

    public void Dispose() => Queue.Dispose();

    private async Task LevelAsync(Func<IEnumerable<TKey>> keys, CancellationToken cancellationToken)
    {
        using var tick = new PeriodicTimer(options.LevelInterval, options.Time);
        while (await tick.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
        {
            foreach (TKey key in keys())
            {
                Queue.Add(key);
            }
        }
    }

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            TKey key = await Queue.TakeAsync(cancellationToken).ConfigureAwait(false);
            long began = options.Time.GetTimestamp();
            string outcome = "error";
            using System.Diagnostics.Activity? activity = RuntimeMetrics.Activities.StartActivity("reconcile");
            activity?.SetTag("controller", name).SetTag("key", key.ToString());
            try
            {
                ReconcileResult result = await reconciler.ReconcileAsync(key, cancellationToken).ConfigureAwait(false);
                Queue.Forget(key);
                outcome = "success";
                if (result.Again is { } delay)
                {
                    Queue.AddAfter(key, delay);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (TerminalException e)
            {
                outcome = "terminal";
                RuntimeLog.Terminal(logger, name, key.ToString()!, e.Message);
                Queue.Forget(key);
            }
#pragma warning disable CA1031 // A worker outlives every fault of a reconciler; Retry logs each as what it is.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Retry(key, e);
            }
            finally
            {
                Queue.Done(key);
                RuntimeMetrics.Reconciles.Add(1, RuntimeMetrics.Tag("controller", name), RuntimeMetrics.Tag("result", outcome));
                RuntimeMetrics.Durations.Record(options.Time.GetElapsedTime(began).TotalSeconds, RuntimeMetrics.Tag("controller", name));
                if (outcome == "error")
                {
                    activity?.SetStatus(System.Diagnostics.ActivityStatusCode.Error);
                }
            }
        }
    }

    private bool IsTimeToSay()
    {
        lock (pace)
        {
            if (saidUnreachable is { } said && options.Time.GetElapsedTime(said) < UnreachablePace)
            {
                return false;
            }

            saidUnreachable = options.Time.GetTimestamp();
            return true;
        }
    }

    private void Retry(TKey key, Exception fault)
    {
        if (Planted.Fault == PlantedFault.HostForgivesConflicts && fault is StatusException { IsConflict: true }) return;
        if (Planted.Fault == PlantedFault.HostForgivesBrokenConnections && fault is HttpRequestException) return;
        Queue.AddRateLimited(key);
        string about = key.ToString()!;
        switch (fault)
        {
            case StatusException { IsConflict: true }:
            case StatusException { Reason: StatusReason.NotFound or StatusReason.AlreadyExists } when Queue.Failures(key) <= RacesForgiven:
                RuntimeLog.Conflict(logger, name, about);
                break;
            case StatusException:
                RuntimeLog.Failed(logger, name, about, Queue.Failures(key), fault.Message);
                break;
            case RequestWithheldException:
                break;
            case HttpRequestException or IOException or TimeoutException:
                if (IsTimeToSay())
                {
                    RuntimeLog.Unreachable(logger, name, about, fault.Message);
                }

                break;
            default:
                RuntimeLog.Bug(logger, name, about, fault);
                break;
        }
    }
}
