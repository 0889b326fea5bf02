using System.Buffers;
using Orrery.Server.Transport;
using Orrery.Testing;

namespace Orrery.Server.Tests.Transport;

public sealed class SpareBlocksTests
{
    private const int Size = 4096;
    private static readonly TimeSpan While = TimeSpan.FromSeconds(2);

    private readonly ManualTime time = new();
    private readonly SpareBlocks blocks;

    public SpareBlocksTests() => blocks = new SpareBlocks(Size, most: 100, time);

    [Fact]
    public void Rent_OfSome_GivesWhatWasReturnedLast()
    {
        IMemoryOwner<byte>[] rented = Rented(3);
        Memory<byte> last = rented[1].Memory;
        rented[0].Dispose();
        rented[2].Dispose();
        rented[1].Dispose();

        IMemoryOwner<byte> given = blocks.Rent();

        Assert.Equal(Size, given.Memory.Length);
        Assert.Equal(last, given.Memory);
        Assert.Equal(2, blocks.Idle);
    }

    [Fact]
    public void Rent_WhatSomebodyHolds_IsGivenToNobodyElse()
    {
        IMemoryOwner<byte> held = blocks.Rent();
        IMemoryOwner<byte> returned = blocks.Rent();
        returned.Dispose();
        returned.Dispose();

        Memory<byte>[] given = [held.Memory, .. Rented(3).Select(b => b.Memory)];

        Assert.Equal(4, given.Distinct().Count());
    }

    [Fact]
    public void Rent_MoreThanABlock_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => blocks.Rent(Size + 1));

    [Fact]
    public void Return_OfMoreThanAreKept_LetsGoOfThem()
    {
        Array.ForEach(Rented(101), b => b.Dispose());

        Assert.Equal(100, blocks.Idle);
    }

    [Fact]
    public void Forget_WhatNobodyNeededForAWhile_IsLetGoOf()
    {
        // 1. A burst, of which a while later all lies idle.
        Array.ForEach(Rented(60), b => b.Dispose());
        time.Advance(While);
        Assert.Equal(0, blocks.Forget());
        Assert.Equal(60, blocks.Idle);

        // 2. From then on five are enough.
        Array.ForEach(Rented(5), b => b.Dispose());
        time.Advance(While);

        Assert.Equal(55 * Size, blocks.Forget());
        Assert.Equal(5, blocks.Idle);
        Array.ForEach(Rented(40), b => b.Dispose());
        Assert.Equal(40, blocks.Idle);
    }

    [Fact]
    public void Forget_OfMany_LetsGoOfHalfAtATime()
    {
        var many = new SpareBlocks(Size, most: 2000, time);
        Array.ForEach([.. Enumerable.Range(0, 1000).Select(_ => many.Rent())], b => b.Dispose());
        time.Advance(While);
        _ = many.Forget();
        var left = new List<int>();
        while (many.Idle > 0)
        {
            time.Advance(While);
            _ = many.Forget();
            left.Add(many.Idle);
        }

        Assert.Equal([500, 250, 0], left);
    }

    [Fact]
    public void Forget_SoonAfterTheLastTime_KeepsAll()
    {
        Array.ForEach(Rented(60), b => b.Dispose());
        time.Advance(While);
        _ = blocks.Forget();

        time.Advance(While - TimeSpan.FromMilliseconds(1));

        Assert.Equal(0, blocks.Forget());
        Assert.Equal(60, blocks.Idle);
    }

    private IMemoryOwner<byte>[] Rented(int count) => [.. Enumerable.Range(0, count).Select(_ => blocks.Rent())];
}
