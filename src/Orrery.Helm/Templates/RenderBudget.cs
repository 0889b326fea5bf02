using System.Runtime.CompilerServices;
using System.Text;

namespace Orrery.Helm.Templates;

/// <summary>A render went beyond its bounds on time, steps, output or depth.</summary>
public sealed class RenderLimitException(string message) : Exception(message);

/// <summary>What one render may use. Shared by all templates of it, so that splitting work over templates gains nothing.</summary>
internal sealed class RenderBudget(TimeProvider time, RenderLimits limits, CancellationToken ct)
{
    /// <summary>Bytes that one value may have.</summary>
    private const long MaxValue = 64 << 20;

    /// <summary>Bytes of all texts that functions make in one render, and nodes of all copies.</summary>
    private const long MaxMade = 8 * MaxValue;

    private const long MaxCopied = 8_000_000;

    [ThreadStatic]
    private static RenderBudget? current;

    private readonly long started = time.GetTimestamp();
    private long made;
    private long copied;
    private long written;
    private int steps;

    public static RenderBudget Default => new(TimeProvider.System, RenderLimits.Default, CancellationToken.None);

    public TimeProvider Clock => time;

    /// <summary>
    /// Makes this the budget of the thread. A render has a thread of its own, so that functions deep within writers and
    /// copies find it without being handed it.
    /// </summary>
    public void Enter() => current = this;

    /// <summary>A writer or a comparison looks at one more value of what may be a graph that unfolds without end.</summary>
    public static void Visit(long size = 0)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        Reserve(size);
        current?.Step();
    }

    /// <summary>One more node is copied.</summary>
    public static void Copy()
    {
        Visit();
        if (current is { } budget && ++budget.copied > MaxCopied)
        {
            throw new RenderLimitException(FormattableString.Invariant($"copies of values have more than {MaxCopied} parts"));
        }
    }

    /// <summary>A function has made a value of so many bytes.</summary>
    public void Made(long size)
    {
        Reserve(size);
        made += size;
        if (made > MaxMade)
        {
            throw new RenderLimitException(FormattableString.Invariant($"functions make more than {MaxMade} bytes"));
        }
    }

    /// <summary>One node more is walked.</summary>
    public void Step()
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if ((++steps & 0x3FF) == 0)
        {
            CheckTime();
        }
    }

    /// <summary>A function is about to do what takes milliseconds: keys, password hashes, texts of megabytes.</summary>
    public static void Costly() => current?.CheckTime();

    public void CheckTime()
    {
        ct.ThrowIfCancellationRequested();
        if (time.GetElapsedTime(started) > limits.Time)
        {
            throw new RenderLimitException(FormattableString.Invariant($"rendering takes longer than {limits.Time.TotalSeconds} s"));
        }
    }

    public void Write(StringBuilder output, string text)
    {
        written += text.Length;
        if (written > limits.Output)
        {
            throw new RenderLimitException(FormattableString.Invariant($"output is larger than {limits.Output} bytes"));
        }

        output.Append(text);
    }

    /// <summary>A function is about to make a value of so many bytes or elements.</summary>
    public static void Reserve(long size)
    {
        if (size > MaxValue)
        {
            throw new RenderLimitException(FormattableString.Invariant($"a value of {size} bytes is too large"));
        }
    }
}
