using System.Text;
using Orrery.Serving;

namespace Orrery.Tests.Serving;

public sealed class FilePagesTests
{
    private const string Smaps = """
        7f0000000000-7f0000004000 r-xp 00001000 08:01 11 /opt/a program/orrery
        Size:                 16 kB
        Rss:                  12 kB
        Anonymous:             0 kB
        Swap:                  0 kB
        SwapPss:               0 kB
        VmFlags: rd ex mr mw me sd
        7f0000004000-7f0000008000 r--p 00004000 08:01 11 /opt/a program/orrery
        Rss:                   8 kB
        Anonymous:             4 kB
        Swap:                  0 kB
        7f0000008000-7f000000c000 rw-p 00008000 08:01 11 /opt/a program/orrery
        Rss:                   8 kB
        Anonymous:             0 kB
        Swap:                  0 kB
        7f000000c000-7f0000010000 r-xp 00000000 00:00 0
        Rss:                   8 kB
        Anonymous:             0 kB
        Swap:                  0 kB
        7f0000010000-7f0000014000 r-xs 00000000 00:01 12 /memfd:doublemapper (deleted)
        Rss:                   8 kB
        Anonymous:             0 kB
        Swap:                  0 kB
        7f0000014000-7f0000018000 r--s 00000000 08:01 11 /opt/b
        Rss:                   0 kB
        Anonymous:             0 kB
        Swap:                  0 kB
        7f0000018000-7f000001c000 r--p 00004000 08:01 11 /opt/of-which-a-page-was-written-to-and-swapped-out
        Rss:                  12 kB
        Anonymous:             0 kB
        Swap:                  4 kB
        7f000001c000-7f0000020000 r--p 00004000 08:01 11 /opt/of-which-nothing-is-said
        Rss:                  12 kB
        Swap:                  0 kB
        """;

    [Fact]
    public void Read_OfAllMappings_TellsThoseThatAreAsInTheirFile()
    {
        var scan = new FileMappingScan();
        var found = new List<(FileMapping, long)>();
        foreach (string line in Smaps.Split('\n'))
        {
            if (scan.Read(Encoding.UTF8.GetBytes(line)))
            {
                found.Add((scan.Mapping, scan.Resident));
            }
        }

        Assert.Equal([(new FileMapping(0x7f0000000000, 0x7f0000004000, 0x1000, 11), 12L * 1024), (new FileMapping(0x7f0000014000, 0x7f0000018000, 0, 11), 0)], found);
    }

    [Fact]
    public void GiveBack_OfThisProcess_BeginsWithTheSecondLookAndLosesNothing()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux tells");
        var pages = new FilePages();

        long first = pages.GiveBack(), second = pages.GiveBack();

        Assert.Equal(0, first);
        Assert.True(second > 1024 * 1024, $"only {second} bytes");
        Assert.Equal("1,2", string.Join(',', new[] { 2, 1 }.Order()));
    }

    [Fact]
    public void GiveBack_WhileNothingChanges_AllocatesNextToNothing()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux tells");
        var pages = new FilePages();
        pages.GiveBack();
        pages.GiveBack();

        long before = GC.GetAllocatedBytesForCurrentThread();
        pages.GiveBack();

        // Text of a megabyte was looked through. A set that grows, and a stream, are allowed for.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 512 * 1024);
    }
}
