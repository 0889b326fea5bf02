using Orrery.Server.Cache;

namespace Orrery.Server.Handlers;

/// <summary>
/// The objects that were last sent to watchers, as they were encoded: those who watch the same thing come for an event within moments of each other, and only the first of
/// them has to encode it. Few places, each for whichever came last; nothing is kept for a watch or an object, and nothing at all where nobody watches in protobuf.
/// </summary>
internal sealed class SharedEncodings
{
    private const int Places = 128;

    /// <summary>Larger ones are encoded for each watcher.</summary>
    private const int Largest = 32 << 10;

    private Entry?[]? entries;

    /// <returns>The object in its envelope; null when somebody has to encode it.</returns>
    public byte[]? Find(ProtobufForm form, CachedObject item) =>
        entries is { } all && Volatile.Read(ref all[Place(item)]) is { } entry && ReferenceEquals(entry.Item, item) && ReferenceEquals(entry.Form, form) ? entry.Encoded : null;

    public void Keep(ProtobufForm form, CachedObject item, ReadOnlySpan<byte> encoded)
    {
        if (encoded.Length > Largest)
        {
            return;
        }

        Entry?[] all = entries ?? Interlocked.CompareExchange(ref entries, new Entry?[Places], null) ?? entries;
        Volatile.Write(ref all[Place(item)], new Entry(form, item, encoded.ToArray()));
    }

    /// <summary>Changes that follow each other have different places, by whatever steps revisions go.</summary>
    private static int Place(CachedObject item) => (int)(((ulong)item.Revision * 0x9E3779B97F4A7C15UL) >> 57);

    private sealed record Entry(ProtobufForm Form, CachedObject Item, byte[] Encoded);
}
