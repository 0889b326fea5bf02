using System.Globalization;
using System.Text.Json;
using Orrery.Installation;
using Orrery.Testing;

namespace Orrery.Tests.Installation;

public sealed class OrreryProcessTests
{
    /// <summary>Whoever sets the clock, or a machine that slept, makes no process another.</summary>
    [Theory]
    [InlineData(-3600, 0, true)]
    [InlineData(3600, 0, true)]
    [InlineData(0, 1, false)]
    public void RunningPid_OfAProcess_GoesByTheMachinesOwnCount(int clockSetBy, int startedLater, bool isSame)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "other systems say when a process started by the time of day");
        using var folder = new TempDirectory();
        var directory = new DataDirectory(folder.Path);
        Directory.CreateDirectory(Path.GetDirectoryName(directory.ProcessFile("it"))!);
        using var self = System.Diagnostics.Process.GetCurrentProcess();
        long started = long.Parse(File.ReadAllText("/proc/self/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[19], CultureInfo.InvariantCulture);
        File.WriteAllText(directory.ProcessFile("it"), JsonSerializer.Serialize(new
        {
            pid = Environment.ProcessId, startTicks = self.StartTime.ToUniversalTime().AddSeconds(clockSetBy).Ticks, started = started + startedLater,
        }));

        Assert.Equal(isSame ? Environment.ProcessId : null, new OrreryProcess(directory, "it", "", null, []).RunningPid());
    }
}
