using System.IO.MemoryMappedFiles;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Orrery.Serving;

namespace Orrery.Tests.Serving;

public sealed class FilePagesTests
{
    private const string Maps = """
        7f0000000000-7f0000004000 r-xp 00001000 08:01 11                         /opt/a program/orrery
        7f0000008000-7f000000c000 rw-p 00008000 08:01 11                         /opt/a program/orrery
        7f000000c000-7f0000010000 r-xp 00000000 00:00 0
        7f0000010000-7f0000014000 r-xs 00000000 00:01 12                         /memfd:doublemapper (deleted)
        7f0000014000-7f0000018000 r--p 00000000 00:01 12                         /memfd:doublemapper (deleted)
        7f0000014000-7f0000018000 r--s 00000000 08:01 13                         /opt/b
        7f0000018000-7f000001c000 rw-s 00000000 08:01 14                         /var/lib/store.db-shm
        7f000001c000-7f0000020000 ---p 00000000 08:01 11                         /opt/b
        7ffd36bfd000-7ffd36bff000 r-xp 00000000 00:00 0                          [vdso]
        7f00000200
        """;

    [Fact]
    public void TryRead_OfAllMappings_TellsFilesThatCannotBeWrittenTo()
    {
        var found = new List<FileMapping>();
        foreach (string line in Maps.Split('\n'))
        {
            if (FileMapping.TryRead(Encoding.UTF8.GetBytes(line), out FileMapping mapping))
            {
                found.Add(mapping);
            }
        }

        Assert.Equal([new FileMapping(0x7f0000000000, 0x7f0000004000, 0x1000, 11), new FileMapping(0x7f0000014000, 0x7f0000018000, 0, 13)], found);
    }

    [Theory]
    [InlineData(2, 0x0000000000000000UL, 0xa000000000000000UL, 0xa180000000000000UL)]
    [InlineData(0, 0x0000000000000000UL)]
    [InlineData(-1, 0xa000000000000000UL, 0x8000000000000000UL)] // written to
    [InlineData(-1, 0xa000000000000000UL, 0x4000000000000000UL)] // written to, and swapped out since
    public void Pages_WhereOneIsNotItsFiles_AreNotToBeGivenBack(int expected, params ulong[] entries) => Assert.Equal(expected, PageTable.Pages(entries));

    [Fact]
    public void Resident_OfAFileThatAPageWasWrittenTo_IsNotToBeGivenBack()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux tells");
        int page = Environment.SystemPageSize;
        int pages = 3000;
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, new byte[pages * page]);
            using var file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.CopyOnWrite);
            using MemoryMappedViewAccessor view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.CopyOnWrite);
            using SafeFileHandle table = File.OpenHandle(PageTable.Path);
            ulong start = (ulong)view.SafeMemoryMappedViewHandle.DangerousGetHandle();
            var mapping = new FileMapping(start, start + (ulong)(pages * page), 0, 1);
            _ = view.ReadByte(0);
            long clean = new PageTable().Resident(table, mapping);

            view.Write((pages - 1) * page, (byte)1);
            long written = new PageTable().Resident(table, mapping);

            Assert.InRange(clean, page, pages * page);
            Assert.Equal(-1, written);
        }
        finally
        {
            File.Delete(path);
        }
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

        // Text of a hundred kilobytes and half a megabyte of pages' numbers were looked through. A set that grows, and a stream, are allowed for.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 512 * 1024);
    }
}
