using System.Globalization;

namespace Orrery.Storage.Tests;

/// <summary>Seen by the kernel's own account of each thread.</summary>
public sealed class ThreadUrgencyTests
{
    /// <summary>A pool starts its threads wherever work is handed to it: were they as urgent as who hands it over, nobody would be.</summary>
    [Fact]
    public void WhatAnUrgentThreadStarts_IsNotUrgent()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux tells threads apart");
        (int own, int started) = On(() =>
        {
            int before = Nice();
            ThreadUrgency.Raise();
            return before == 0 ? (Nice(), On(Nice)) : (before, before);
        });
        Assert.SkipUnless(own < 0 || started < 0, "no thread may be more urgent here: that takes the right to (CAP_SYS_NICE), in a process that is as urgent as others");
        Assert.Equal((-10, 0), (own, started));
    }

    private static T On<T>(Func<T> work)
    {
        T? result = default;
        var thread = new Thread(() => result = work());
        thread.Start();
        thread.Join();
        return result!;
    }

    /// <summary>Of the calling thread. What stands before it in the line may have spaces in it, and ends with the last parenthesis.</summary>
    private static int Nice()
    {
        string line = File.ReadAllText("/proc/thread-self/stat");
        return int.Parse(line[(line.LastIndexOf(')') + 2)..].Split(' ')[16], CultureInfo.InvariantCulture);
    }
}
