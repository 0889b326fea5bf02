using System.Buffers;
using System.Text.Json;

namespace Orrery.Api;

/// <summary>
/// A writer of JSON and the room it writes into, which stay with the thread for whoever is next: trees are brought to bytes several times in each change of an object. To be disposed when what was
/// written has been read; taken once more before that, it is another one, of which one stays as well: two trees are compared so.
/// </summary>
public sealed class JsonScratch : IDisposable
{
    /// <summary>Bytes to write into at first, and most of what stays with a thread.</summary>
    private const int Usual = 8 << 10, MostKept = 64 << 10;

    [ThreadStatic]
    private static JsonScratch? spare;

    [ThreadStatic]
    private static JsonScratch? second;

    private readonly ArrayBufferWriter<byte> room = new(Usual);

    private JsonScratch()
    {
        Writer = new Utf8JsonWriter(room);
    }

    public Utf8JsonWriter Writer { get; }

    /// <summary>What was written so far; good until more is.</summary>
    public ReadOnlySpan<byte> Written
    {
        get
        {
            Writer.Flush();
            return room.WrittenSpan;
        }
    }

    public static JsonScratch Take()
    {
        JsonScratch taken = spare ?? new JsonScratch();
        (spare, second) = (second, null);
        taken.room.ResetWrittenCount();
        taken.Writer.Reset();
        return taken;
    }

    public void Dispose()
    {
        if (room.Capacity <= MostKept)
        {
            (spare, second) = (this, spare);
        }
    }
}
