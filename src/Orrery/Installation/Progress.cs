using System.Globalization;

namespace Orrery.Installation;

/// <summary>Progress lines on standard error, each with the seconds since the start, so that standard output stays usable in scripts.</summary>
internal sealed class Progress(TimeProvider time, bool quiet)
{
    private readonly long started = time.GetTimestamp();

    public TimeSpan Elapsed => time.GetElapsedTime(started);

    public void Say(string text)
    {
        if (!quiet)
        {
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Elapsed.TotalSeconds,6:0.0} s  {text}"));
        }
    }
}
