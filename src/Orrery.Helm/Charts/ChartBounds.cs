namespace Orrery.Helm.Charts;

/// <summary>What a chart may hold, subcharts and archives within archives included: one account for all of it.</summary>
internal sealed class ChartBounds
{
    /// <summary>Helm's bounds on a chart's unpacked size and that of a file in an archive, in bytes.</summary>
    public const long MaxBytes = 100 << 20;

    public const long MaxFileBytes = 5 << 20;

    private const int MaxFiles = 10_000;

    /// <summary>Levels of charts within charts.</summary>
    public const int MaxDepth = 16;

    /// <summary>Bytes that may come out of archives in all, what is passed over and what stands between files included.</summary>
    private const long MaxUnpacked = 2 * MaxBytes;

    private long bytes;
    private long unpacked;
    private int files;

    /// <summary>Takes in that so much came out of an archive, whatever it is: what is passed over costs its time too.</summary>
    /// <exception cref="ChartException">Of phase load: it is too much.</exception>
    public void Unpacked(int read)
    {
        unpacked += read;
        if (unpacked > MaxUnpacked)
        {
            throw new ChartException("load", FormattableString.Invariant($"chart archive is larger than {MaxUnpacked} bytes when it is unpacked"));
        }
    }

    /// <exception cref="ChartException">Of phase load: it is too much.</exception>
    public void Count(string name, long size)
    {
        if (size > MaxFileBytes)
        {
            throw new ChartException("load", FormattableString.Invariant($"decompressed chart file \"{name}\" is larger than the maximum file size {MaxFileBytes}"));
        }

        bytes += size;
        if (bytes > MaxBytes)
        {
            throw new ChartException("load", FormattableString.Invariant($"decompressed chart is larger than the maximum size {MaxBytes}"));
        }

        if (++files > MaxFiles)
        {
            throw new ChartException("load", FormattableString.Invariant($"chart holds more than {MaxFiles} files"));
        }
    }
}
