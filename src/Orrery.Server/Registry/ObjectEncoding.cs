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
        var buffer = new BoundedBuffer();
        using (var writer = new Utf8JsonWriter(buffer, WriterOptions))
        {
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
        }

        buffer.Check(0);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Any tree as bytes, members in their order.</summary>
    public static byte[] Write(JsonNode json)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, WriterOptions))
        {
            json.WriteTo(writer);
        }

        return buffer.WrittenSpan.ToArray();
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

    /// <summary>Refuses to grow while it is written into, not afterwards.</summary>
    private sealed class BoundedBuffer : IBufferWriter<byte>
    {
        private readonly ArrayBufferWriter<byte> bytes = new(1024);

        public ReadOnlySpan<byte> WrittenSpan => bytes.WrittenSpan;

        public void Advance(int count) => bytes.Advance(count);

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            Check(sizeHint);
            return bytes.GetMemory(sizeHint);
        }

        public Span<byte> GetSpan(int sizeHint = 0)
        {
            Check(sizeHint);
            return bytes.GetSpan(sizeHint);
        }

        /// <summary>A writer asks for as much as it may need at worst, three bytes a character and more.</summary>
        /// <exception cref="StatusException">413.</exception>
        public void Check(int more)
        {
            if (bytes.WrittenCount > MostBytes || more > 4 * MostBytes)
            {
                throw ApiErrors.RequestEntityTooLarge($"Request entity too large: an object may have {MostBytes} bytes");
            }
        }
    }
}
