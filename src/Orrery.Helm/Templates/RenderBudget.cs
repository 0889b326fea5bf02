using System.Runtime.CompilerServices;
using System.Text;

namespace Orrery.Helm.Templates;

/// <summary>A render went beyond its bounds on time, steps, output or depth.</summary>
public sealed class RenderLimitException(string message) : Exception(message);

/// <summary>What one render may use. Shared by all templates of it, so that splitting work over templates gains nothing.</summary>
internal sealed class RenderBudget(TimeProvider time, RenderLimits limits, CancellationToken ct)
{
    private readonly long started = time.GetTimestamp();
    private long written;
    private int steps;

    public static RenderBudget Default => new(TimeProvider.System, RenderLimits.Default, CancellationToken.None);

    public TimeProvider Clock => time;

    /// <summary>One node more is walked.</summary>
    public void Step()
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if ((++steps & 0x3FF) == 0)
        {
            ct.ThrowIfCancellationRequested();
            if (time.GetElapsedTime(started) > limits.Time)
            {
                throw new RenderLimitException(FormattableString.Invariant($"rendering takes longer than {limits.Time.TotalSeconds} s"));
            }
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
        if (size > 64 << 20)
        {
            throw new RenderLimitException(FormattableString.Invariant($"a value of {size} bytes is too large"));
        }
    }
}
