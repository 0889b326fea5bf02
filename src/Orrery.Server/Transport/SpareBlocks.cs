using System.Buffers;
using Microsoft.AspNetCore.Connections;

namespace Orrery.Server.Transport;

/// <summary>
/// Memory in blocks of one size, of which connections hold one only while something goes through them. What was returned last is given first, since it is still in the processor's caches: whoever goes round all that a burst has
/// left meets a block that is in none, for each heartbeat several times. What nobody needed from one look to the next can be let go of.
/// </summary>
/// <param name="size">Of each block, in bytes.</param>
/// <param name="most">So many are kept idle at most.</param>
internal sealed class SpareBlocks(int size, int most, TimeProvider time) : MemoryPool<byte>, IMemoryPoolFactory<byte>
{
    /// <summary>What idled for less may well be needed again.</summary>
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(2);

    private const int Fewest = 16;

    /// <summary>Of more than so many one half is let go of at a time: bursts come one after the other, and new blocks are objects that many old ones refer to, which a collection has to look for.</summary>
    private const int Few = 256;

    private readonly Lock gate = new();
    private Block?[] idle = new Block?[Fewest];
    private int count;

    /// <summary>Fewest that idled at any time since the last look: as many, the lowest of them, were not touched.</summary>
    private int untouched;
    private long looked = time.GetTimestamp();

    public override int MaxBufferSize => size;

    /// <summary>How many idle now. For tests.</summary>
    public int Idle
    {
        get
        {
            lock (gate)
            {
                return count;
            }
        }
    }

    /// <exception cref="ArgumentOutOfRangeException">More than a block has.</exception>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, size);
        Block? block = null;
        lock (gate)
        {
            if (count > 0)
            {
                count--;
                (block, idle[count]) = (idle[count], null);
                untouched = Math.Min(untouched, count);
            }
        }

        return block?.Take() ?? new Block(this);
    }

    /// <inheritdoc/>
    /// <returns>This one: whoever asks shares it.</returns>
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => this;

    /// <summary>Lets go of what nobody has needed since this was last called, if that is a while ago; of much, of half.</summary>
    /// <returns>Bytes that a collection can give back.</returns>
    public long Forget()
    {
        lock (gate)
        {
            if (time.GetElapsedTime(looked) < Least)
            {
                return 0;
            }

            int gone = untouched > Few ? untouched / 2 : untouched;
            count -= gone;
            untouched = count;
            Block?[] kept = new Block?[Math.Max(Fewest, count)];
            Array.Copy(idle, gone, kept, 0, count);
            idle = kept;
            looked = time.GetTimestamp();
            return (long)gone * size;
        }
    }

    protected override void Dispose(bool disposing)
    {
        // It lasts as long as any of its blocks: a connection may end after whoever accepted it.
    }

    private void Return(Block block)
    {
        lock (gate)
        {
            if (count == most)
            {
                return;
            }

            if (count == idle.Length)
            {
                Array.Resize(ref idle, count * 2);
            }

            idle[count++] = block;
        }
    }

    private sealed class Block(SpareBlocks pool) : IMemoryOwner<byte>
    {
        // Not pinned: sockets are read and written without waiting, and what stays can be moved together.
        private readonly byte[] bytes = GC.AllocateUninitializedArray<byte>(pool.MaxBufferSize);
        private int isReturned;

        public Memory<byte> Memory => bytes;

        public Block Take()
        {
            isReturned = 0;
            return this;
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref isReturned, 1) == 0)
            {
                pool.Return(this);
            }
        }
    }
}
