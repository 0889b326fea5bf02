using System.Buffers;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Orrery.Server.Transport;

/// <summary>
/// Memory of the size of a TLS record, for the layer that encrypts and for no other. It encrypts block by block, and with the server's
/// usual blocks of 4 KiB a large answer becomes four times as many records as it must, each with its own price.
/// </summary>
internal static class RecordMemory
{
    /// <summary>Most plain bytes of one record (RFC 8446 5.1).</summary>
    private const int Record = 16 * 1024;

    /// <summary>Idle blocks that are kept for the next answer.</summary>
    private const int MostIdle = 64;

    /// <summary>One for the process.</summary>
    public static SpareBlocks Blocks { get; } = new(Record, MostIdle, TimeProvider.System);

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

    private sealed class Replaced(IMemoryPoolFeature own) : IMemoryPoolFeature
    {
        public IMemoryPoolFeature Own => own;

        public MemoryPool<byte> MemoryPool => Blocks;
    }
}
