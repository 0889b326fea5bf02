using System.Collections.Concurrent;
using Orrery.Api;

namespace Orrery.Satellite.Applying;

/// <summary>
/// When a Work is tried again that the cluster refused, or failed at. Each attempt costs the cluster requests, and a cluster that is in trouble gets fewer of them: waits double, and end at once
/// when what is asked for is another, or the cluster has come right again. Safe for any number of threads.
/// </summary>
internal sealed class RefusalPace(TimeProvider time)
{
    /// <summary>The longest wait: a quota that was raised, or a policy that was changed, is not told of by anything.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    /// <summary>What was refused is refused again, most likely.</summary>
    private static readonly TimeSpan FirstOfRefusals = TimeSpan.FromSeconds(5);

    /// <summary>A fault may be a hiccup.</summary>
    private static readonly TimeSpan FirstOfFaults = TimeSpan.FromMilliseconds(100);

    /// <summary>A fault that lasts for longer is told of.</summary>
    private static readonly TimeSpan FaultPatience = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, Attempt> attempts = new(StringComparer.Ordinal);

    /// <summary>Whether the cluster is not itself at the moment, which says nothing of what it was asked for.</summary>
    public static bool IsFault(Exception e) => e is StatusException { Code: 408 or 429 or >= 500 } or HttpRequestException or IOException or TimeoutException;

    /// <param name="asked">What an attempt is made from: while it is the same, so is the outcome.</param>
    /// <returns>For how long the Work is not to be tried, and what was said of it; null when it may be tried now.</returns>
    public (TimeSpan Left, ApplyOutcome? Outcome, ApplyOutcome? Trial)? Held(string work, string asked) =>
        attempts.TryGetValue(work, out Attempt? last) && last.Asked == asked && last.Wait - time.GetElapsedTime(last.At) is var left && left > TimeSpan.Zero ? (left, last.Outcome, last.Trial) : null;

    /// <summary>The cluster failed at it.</summary>
    /// <returns>Whether it has done so for long enough that there is no more to say than that.</returns>
    public bool Fails(string work, string asked)
    {
        Attempt next = attempts.AddOrUpdate(
            work,
            _ => new Attempt(asked, time.GetTimestamp(), FirstOfFaults) { FailsSince = time.GetTimestamp() },
            (_, last) => new Attempt(asked, time.GetTimestamp(), Next(last, asked, FirstOfFaults)) { FailsSince = last.FailsSince ?? time.GetTimestamp() });
        return time.GetElapsedTime(next.FailsSince!.Value) >= FaultPatience;
    }

    /// <summary>The cluster refused it, or has failed at it for a while: what is said of it holds until it is tried again.</summary>
    /// <returns>When that is.</returns>
    public TimeSpan Refused(string work, string asked, ApplyOutcome? outcome, ApplyOutcome? trial) => attempts.AddOrUpdate(
        work,
        _ => new Attempt(asked, time.GetTimestamp(), FirstOfRefusals) { Outcome = outcome, Trial = trial },
        (_, last) => new Attempt(asked, time.GetTimestamp(), Next(last, asked, FirstOfRefusals)) { Outcome = outcome, Trial = trial, FailsSince = last.FailsSince }).Wait;

    /// <summary>It was applied, or is gone.</summary>
    public void Forget(string work) => attempts.TryRemove(work, out _);

    /// <summary>The cluster has come right again: whatever waits may be tried now.</summary>
    public void Release() => attempts.Clear();

    private static TimeSpan Next(Attempt last, string asked, TimeSpan first) =>
        last.Asked != asked || last.Wait * 2 < first ? first : last.Wait * 2 < Longest ? last.Wait * 2 : Longest;

    private sealed record Attempt(string Asked, long At, TimeSpan Wait)
    {
        public ApplyOutcome? Outcome { get; init; }

        public ApplyOutcome? Trial { get; init; }

        /// <summary>Timestamp of the first fault in a row.</summary>
        public long? FailsSince { get; init; }
    }
}
