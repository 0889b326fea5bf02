namespace Orrery.Client;

/// <summary>How a reconcile ended that did not fail.</summary>
public readonly record struct ReconcileResult
{
    private ReconcileResult(TimeSpan? again) => Again = again;

    /// <summary>Nothing more to do until the next change or level look.</summary>
    public static ReconcileResult Done => default;

    /// <summary>When to look again; null waits for a change.</summary>
    public TimeSpan? Again { get; }

    /// <summary>Look again after this time, for what no event will tell: a deadline, a poll.</summary>
    public static ReconcileResult After(TimeSpan delay) => new(delay);
}

/// <summary>
/// Brings the world to what one object says. Called with the key only: it looks at the present state, does the
/// difference, and may be called any number of times, after any crash, with the same outcome. Never called twice at
/// once for one key. An exception means: try again later, ever more slowly; <see cref="TerminalException"/> means:
/// trying again cannot help.
/// </summary>
public interface IReconciler<in TKey>
{
    Task<ReconcileResult> ReconcileAsync(TKey key, CancellationToken cancellationToken);
}

/// <summary>What is asked for cannot be done and no retry will change that; the next change of the object, or level look, tries anew.</summary>
public sealed class TerminalException(string message, Exception? inner = null) : Exception(message, inner);
