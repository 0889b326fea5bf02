using System.Runtime.CompilerServices;
using System.Text;

namespace Orrery.Helm.Templates;

/// <summary>A render went beyond its bounds on time, steps, output or depth.</summary>
public sealed class RenderLimitException(string message) : Exception(message);

/// <summary>What one render may use. Shared by all templates of it, so that splitting work over templates gains nothing.</summary>
internal sealed class RenderBudget(TimeProvider time, TimeSpan maxTime, long maxOutput, CancellationToken ct)
{
    private readonly long started = time.GetTimestamp();
    private long written;
    private int steps;

    public static RenderBudget Default => new(TimeProvider.System, TimeSpan.FromSeconds(30), 64 << 20, CancellationToken.None);

    public long MaxOutput => maxOutput;

    /// <summary>One node more is walked.</summary>
    public void Step()
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if ((++steps & 0x3FF) == 0)
        {
            ct.ThrowIfCancellationRequested();
            if (time.GetElapsedTime(started) > maxTime)
            {
                throw new RenderLimitException(FormattableString.Invariant($"rendering takes longer than {maxTime.TotalSeconds} s"));
            }
        }
    }

    public void Write(StringBuilder output, string text)
    {
        written += text.Length;
        if (written > maxOutput)
        {
            throw new RenderLimitException(FormattableString.Invariant($"output is larger than {maxOutput} bytes"));
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
