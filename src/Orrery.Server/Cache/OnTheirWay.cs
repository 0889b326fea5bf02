namespace Orrery.Server.Cache;

/// <summary>How many watchers are on their way, by the span of time in which they were woken. Not thread-safe.</summary>
internal sealed class OnTheirWay
{
    /// <summary>Those of earlier spans are forgotten. A power of two.</summary>
    private const int Remembered = 32;

    private readonly int[] bySpan = new int[Remembered];

    /// <summary>The present one.</summary>
    public int Span { get; private set; }

    /// <summary>All that are remembered.</summary>
    public int Count { get; private set; }

    /// <summary>Of this span and the last one.</summary>
    public int Lately => bySpan[Span & (Remembered - 1)] + bySpan[(Span - 1) & (Remembered - 1)];

    /// <returns>The span to say to <see cref="Remove"/>.</returns>
    public int Add()
    {
        Count++;
        bySpan[Span & (Remembered - 1)]++;
        return Span;
    }

    public void Remove(int since)
    {
        if (Span - since < Remembered)
        {
            Count--;
            bySpan[since & (Remembered - 1)]--;
        }
    }

    public void NextSpan()
    {
        Span++;
        Count -= bySpan[Span & (Remembered - 1)];
        bySpan[Span & (Remembered - 1)] = 0;
    }

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        Span += Remembered;
        Count = 0;
        Array.Clear(bySpan);
    }
}
