using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Server.Registry;

/// <summary>
/// The bytes that are stored: UTF-8 JSON, apiVersion, kind and metadata first, without a resourceVersion. That order
/// lets the revision be spliced in, and a list drop apiVersion and kind, without parsing.
/// </summary>
internal static class ObjectEncoding
{
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>Bytes of an object: a body's, twice, for who owns its fields is kept beside it. Patches may not grow one beyond, bit by bit.</summary>
    private const int MostBytes = 8 << 20;

    private static ReadOnlySpan<byte> MetadataOpening => "\"metadata\":{"u8;

    /// <exception cref="StatusException">413: patches or defaults made it larger than an object may be.</exception>
    public static byte[] Encode(JsonObject json)
    {
        using Scratch scratch = Scratch.Take(MostBytes);
        Utf8JsonWriter writer = scratch.Writer;
        writer.WriteStartObject();
        writer.WriteString("apiVersion"u8, json.ApiVersion);
        writer.WriteString("kind"u8, json.Kind);
        writer.WriteStartObject("metadata"u8);
        foreach ((string name, JsonNode? value) in json.Metadata)
        {
            if (name is not ("resourceVersion" or "selfLink" or "clusterName"))
            {
                WriteMember(writer, name, value);
            }
        }

        writer.WriteEndObject();
        foreach ((string name, JsonNode? value) in json)
        {
            if (name is not ("apiVersion" or "kind" or "metadata"))
            {
                WriteMember(writer, name, value);
            }
        }

        writer.WriteEndObject();
        return scratch.ToArray();
    }

    /// <summary>Any tree as bytes, members in their order.</summary>
    public static byte[] Write(JsonNode json)
    {
        using Scratch scratch = Scratch.Take(int.MaxValue);
        json.WriteTo(scratch.Writer);
        return scratch.ToArray();
    }

    /// <summary>A Status as bytes.</summary>
    public static byte[] Write(Status status)
    {
        using Scratch scratch = Scratch.Take(int.MaxValue);
        status.WriteTo(scratch.Writer);
        return scratch.ToArray();
    }

    /// <summary>Stored bytes with the revision in their metadata: what a client is answered.</summary>
    public static byte[] WithRevision(ReadOnlySpan<byte> stored, long revision)
    {
        int at = stored.IndexOf(MetadataOpening) + MetadataOpening.Length;
        string number = revision.ToString(CultureInfo.InvariantCulture);
        bool empty = stored[at] == (byte)'}';
        ReadOnlySpan<byte> name = "\"resourceVersion\":\""u8;
        var result = new byte[stored.Length + name.Length + number.Length + (empty ? 1 : 2)];
        Span<byte> to = result;
        stored[..at].CopyTo(to);
        to = to[at..];
        name.CopyTo(to);
        to = to[name.Length..];
        to = to[System.Text.Encoding.ASCII.GetBytes(number, to)..];
        (empty ? "\""u8 : "\","u8).CopyTo(to);
        stored[at..].CopyTo(to[(empty ? 1 : 2)..]);
        return result;
    }

    /// <summary>The bytes from <c>"metadata":</c> on: an object without its apiVersion and kind, as items of built-in lists are written.</summary>
    /// <returns>The offset of the quote before <c>metadata</c>.</returns>
    public static int MetadataOffset(ReadOnlySpan<byte> json) => json.IndexOf(MetadataOpening);

    private static void WriteMember(Utf8JsonWriter writer, string name, JsonNode? value)
    {
        writer.WritePropertyName(name);
        if (value is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            value.WriteTo(writer);
        }
    }

    /// <summary>
    /// A writer and the room it writes into, kept by each thread: what is kept of an object is cut to its size, and room for the longest
    /// that its texts could become is several times as much. Refuses to grow while it is written into, not afterwards.
    /// </summary>
    private sealed class Scratch : IBufferWriter<byte>, IDisposable
    {
        private const int Usual = 16 << 10;

        /// <summary>Room beyond which it is not kept for the next object.</summary>
        private const int MostKept = 256 << 10;

        [ThreadStatic]
        private static Scratch? spare;

        private byte[] room = GC.AllocateUninitializedArray<byte>(Usual);
        private int written;
        private int most;

        private Scratch()
        {
            Writer = new Utf8JsonWriter(this, WriterOptions);
        }

        public Utf8JsonWriter Writer { get; }

        public static Scratch Take(int most)
        {
            Scratch taken = spare ?? new Scratch();
            spare = null;
            taken.most = most;
            taken.written = 0;
            taken.Writer.Reset();
            return taken;
        }

        /// <summary>What was written.</summary>
        /// <exception cref="StatusException">413.</exception>
        public byte[] ToArray()
        {
            Writer.Flush();
            Check(0);
            return room.AsSpan(0, written).ToArray();
        }

        public void Advance(int count) => written += count;

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            Reserve(sizeHint);
            return room.AsMemory(written);
        }

        public Span<byte> GetSpan(int sizeHint = 0)
        {
            Reserve(sizeHint);
            return room.AsSpan(written);
        }

        public void Dispose()
        {
            if (room.Length <= MostKept)
            {
                spare = this;
            }
        }

        private void Reserve(int sizeHint)
        {
            Check(sizeHint);
            int wanted = Math.Max(sizeHint, 1);
            if (room.Length - written < wanted)
            {
                byte[] larger = GC.AllocateUninitializedArray<byte>((int)Math.Min(Array.MaxLength, Math.Max(2L * room.Length, (long)written + wanted)));
                room.AsSpan(0, written).CopyTo(larger);
                room = larger;
            }
        }

        /// <summary>A writer asks for as much as it may need at worst, three bytes a character and more.</summary>
        /// <exception cref="StatusException">413.</exception>
        private void Check(int more)
        {
            if (written > most || more > 4L * most)
            {
                throw ApiErrors.RequestEntityTooLarge($"Request entity too large: an object may have {MostBytes} bytes");
            }
        }
    }
}
