using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Server.Audit;
using Orrery.Testing;

namespace Orrery.Server.Tests.Audit;

public sealed class AuditFileTests
{
    private static readonly AuditPolicy Policy = AuditPolicy.Parse("{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata}]}");

    [Fact]
    public async Task Append_MoreThanTheQueueHolds_IsAllThereAfterTheStop()
    {
        using var folder = new TempDirectory();
        const int lines = 20_000;
        await using (var file = new AuditFile(new AuditOptions { Policy = Policy, Path = folder.File("a.log") }, TimeProvider.System, NullLogger<AuditFile>.Instance))
        {
            for (int i = 0; i < lines; i++)
            {
                await file.AppendAsync(Encoding.ASCII.GetBytes($"line {i}"), TestContext.Current.CancellationToken);
            }
        }

        Assert.Equal(Enumerable.Range(0, lines).Select(i => $"line {i}"), File.ReadLines(folder.File("a.log")));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(folder.File("a.log")));
        }
    }

    /// <summary>Whoever finds nobody writing writes for all: each is told when its own line is there, not before.</summary>
    [Fact]
    public async Task Write_ByManyAtOnce_IsInTheFileWhenEachReturns()
    {
        using var folder = new TempDirectory();
        string path = folder.File("a.log");
        const int writers = 16, lines = 200;
        await using (var file = new AuditFile(new AuditOptions { Policy = Policy, Path = path }, TimeProvider.System, NullLogger<AuditFile>.Instance))
        {
            await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
            {
                for (int i = 0; i < lines; i++)
                {
                    await file.AppendAsync(Encoding.ASCII.GetBytes($"{writer} comes {i}"), TestContext.Current.CancellationToken);
                    await file.WriteAsync(Encoding.ASCII.GetBytes($"{writer} ends {i}"), TestContext.Current.CancellationToken);
                    if (i % 50 == 0)
                    {
                        using var read = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
                        Assert.Contains($"{writer} ends {i}\n", await read.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
                    }
                }
            })));
        }

        ILookup<string, string> all = File.ReadLines(path).ToLookup(l => l.Split(' ')[0]);
        Assert.Equal(writers, all.Count);
        Assert.All(all, of => Assert.Equal(Enumerable.Range(0, lines).SelectMany(i => (string[])[$"{of.Key} comes {i}", $"{of.Key} ends {i}"]), of));
    }

    /// <summary>As logrotate's copytruncate does: the file must not begin with a hole as long as what was there.</summary>
    [Fact]
    public async Task Append_AfterAnotherEmptiedTheFile_BeginsAtItsStart()
    {
        using var folder = new TempDirectory();
        string path = folder.Write("a.log", "before\n");
        await using (var file = new AuditFile(new AuditOptions { Policy = Policy, Path = path }, TimeProvider.System, NullLogger<AuditFile>.Instance))
        {
            await file.AppendAsync("first"u8.ToArray(), TestContext.Current.CancellationToken);
            await Eventually.TrueAsync(() => File.ReadAllText(path) == "before\nfirst\n", "the first line", cancellationToken: TestContext.Current.CancellationToken);
            using (var other = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
            {
                other.SetLength(0);
            }

            await file.AppendAsync("second"u8.ToArray(), TestContext.Current.CancellationToken);
        }

        Assert.Equal("second\n", File.ReadAllText(path));
    }

    /// <summary>A server that was killed, or whose disk was full, may leave half a line: what is recorded next must be readable all the same.</summary>
    [Theory]
    [InlineData("", "first\nsecond\n")]
    [InlineData("whole\n", "whole\nfirst\nsecond\n")]
    [InlineData("whole\nha", "whole\nha\nfirst\nsecond\n")]
    public async Task Append_ToAFileThatMayEndWithinALine_BeginsALine(string before, string after)
    {
        using var folder = new TempDirectory();
        string path = folder.Write("a.log", before);
        await using (var file = new AuditFile(new AuditOptions { Policy = Policy, Path = path }, TimeProvider.System, NullLogger<AuditFile>.Instance))
        {
            await file.WriteAsync("first"u8.ToArray(), TestContext.Current.CancellationToken);
            await file.WriteAsync("second"u8.ToArray(), TestContext.Current.CancellationToken);
        }

        Assert.Equal(after, File.ReadAllText(path));
    }

    /// <summary>The file is looked at again after a write that failed, here on the device whose disk is always full.</summary>
    [Fact]
    public async Task Append_AfterAWriteThatFailedInTheMiddle_BeginsALine()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "takes /dev/full");
        using var folder = new TempDirectory();
        string path = folder.File("a.log");
        File.CreateSymbolicLink(path, "/dev/full");
        await using (var file = new AuditFile(new AuditOptions { Policy = Policy, Path = path }, TimeProvider.System, NullLogger<AuditFile>.Instance))
        {
            await file.WriteAsync("lost"u8.ToArray(), TestContext.Current.CancellationToken);
            File.Delete(path);
            folder.Write("a.log", "whole\nha");
            await file.WriteAsync("first"u8.ToArray(), TestContext.Current.CancellationToken);
        }

        Assert.Equal("whole\nha\nfirst\n", File.ReadAllText(path));
    }

    [Fact]
    public async Task Append_BeyondTheSize_PutsFilesAsideAndKeepsTheNewest()
    {
        using var folder = new TempDirectory();
        byte[] line = Encoding.ASCII.GetBytes(new string('x', 400_000));
        folder.Write("audit-of-others.log", "kept");
        await using (var file = new AuditFile(new AuditOptions { Policy = Policy, Path = folder.File("audit.log"), MaxSizeMegabytes = 1, MaxBackups = 2 }, new SteppingClock(), NullLogger<AuditFile>.Instance))
        {
            for (int i = 0; i < 12; i++)
            {
                await file.AppendAsync(line, TestContext.Current.CancellationToken);
            }
        }

        string[] names = [.. Directory.EnumerateFiles(folder.Path).Select(p => Path.GetFileName(p)).Order(StringComparer.Ordinal)];
        Assert.Equal(["audit-2026-06-01T00-00-04.000.log", "audit-2026-06-01T00-00-05.000.log", "audit-of-others.log", "audit.log"], names);
        Assert.Equal(2 * (line.Length + 1), new FileInfo(folder.File("audit.log")).Length);
    }

    [Fact]
    public async Task Append_FileCannotBePutAside_GoesOnInIt()
    {
        using var folder = new TempDirectory();
        byte[] line = Encoding.ASCII.GetBytes(new string('x', 400_000));
        Directory.CreateDirectory(folder.File("audit-2026-06-01T00-00-01.000.log"));
        await using (var file = new AuditFile(new AuditOptions { Policy = Policy, Path = folder.File("audit.log"), MaxSizeMegabytes = 1 }, new SteppingClock(), NullLogger<AuditFile>.Instance))
        {
            for (int i = 0; i < 5; i++)
            {
                await file.AppendAsync(line, TestContext.Current.CancellationToken);
            }
        }

        // Put aside at the second occasion: it has grown by as much again.
        Assert.Equal(4 * (line.Length + 1), new FileInfo(folder.File("audit-2026-06-01T00-00-02.000.log")).Length);
        Assert.Equal(line.Length + 1, new FileInfo(folder.File("audit.log")).Length);
    }

    /// <summary>A rotation reads the clock once, for its name: each has a second of its own.</summary>
    private sealed class SteppingClock : TimeProvider
    {
        private int seconds;

        public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 6, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(++seconds);
    }
}
