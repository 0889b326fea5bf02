using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Orrery.Server.Transport;

/// <summary>
/// Memory of the size of a TLS record, for the layer that encrypts and for no other. It encrypts block by block, and with the server's
/// usual blocks of 4 KiB a large answer becomes four times as many records as it must, each with its own price.
/// </summary>
internal sealed class RecordMemory : MemoryPool<byte>
{
    /// <summary>Most plain bytes of one record (RFC 8446 5.1).</summary>
    private const int Record = 16 * 1024;

    /// <summary>Idle blocks that are kept for the next answer.</summary>
    private const int MostIdle = 64;

    private static readonly RecordMemory Instance = new();

    private readonly ConcurrentQueue<Block> idle = new();

    private RecordMemory()
    {
    }

    public override int MaxBufferSize => Record;

    /// <summary>Around the TLS layer: before it, the connection is given this memory, and after it, its own again.</summary>
    public static ConnectionDelegate Before(ConnectionDelegate tls) => connection =>
    {
        if (connection.Features.Get<IMemoryPoolFeature>() is { } own)
        {
            connection.Features.Set<IMemoryPoolFeature>(new Replaced(own));
        }

        return tls(connection);
    };

    public static ConnectionDelegate After(ConnectionDelegate next) => connection =>
    {
        if (connection.Features.Get<IMemoryPoolFeature>() is Replaced replaced)
        {
            connection.Features.Set(replaced.Own);
        }

        return next(connection);
    };

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, Record);
        return idle.TryDequeue(out Block? block) ? block.Take() : new Block(this);
    }

    protected override void Dispose(bool disposing)
    {
        // One for the process.
    }

    private void Return(Block block)
    {
        if (idle.Count < MostIdle)
        {
            idle.Enqueue(block);
        }
    }

    private sealed class Replaced(IMemoryPoolFeature own) : IMemoryPoolFeature
    {
        public IMemoryPoolFeature Own => own;

        public MemoryPool<byte> MemoryPool => Instance;
    }

    private sealed class Block(RecordMemory pool) : IMemoryOwner<byte>
    {
        private readonly byte[] bytes = GC.AllocateUninitializedArray<byte>(Record);
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
