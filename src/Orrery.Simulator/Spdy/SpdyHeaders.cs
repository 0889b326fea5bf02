using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Orrery.Simulator.Spdy;

/// <summary>
/// Reads the header blocks of one direction of a SPDY/3 connection: one zlib stream with a preset dictionary, flushed after each block. .NET cannot
/// preset a dictionary; but a deflate stream that begins with the dictionary as a stored block, whose content is thrown away, refers back to it just so.
/// </summary>
internal sealed class SpdyHeaders : IDisposable
{
    private const int ZlibHeader = 2;
    private const int DictionaryFlag = 0x20;
    private const int LongestBlock = 64 * 1024;

    private readonly Feed feed = new();
    private readonly DeflateStream inflate;
    private bool begun;

    public SpdyHeaders()
    {
        inflate = new DeflateStream(feed, CompressionMode.Decompress);
        feed.Put(Stored(SpdyDictionary.Bytes.Span));
        inflate.ReadExactly(new byte[SpdyDictionary.Bytes.Length]);
    }

    /// <summary>A block without headers, to be sent as the first of a connection: nothing of it is worth compressing.</summary>
    public static byte[] EmptyFirst => [0x78, 0x01, .. Empty];

    /// <summary>The same for any later one. It ends with an empty block, which makes a decompressor give out what it has.</summary>
    public static byte[] Empty => [.. Stored(stackalloc byte[4]), .. Stored([])];

    /// <param name="block">The next block as it came.</param>
    /// <exception cref="InvalidDataException">It is none, or too long.</exception>
    public Dictionary<string, string> Read(ReadOnlySpan<byte> block)
    {
        feed.Put((begun ? block : AfterZlibHeader(block)).ToArray());
        begun = true;
        byte[] text = new byte[LongestBlock];
        int length = inflate.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
        return length < text.Length ? Parse(text.AsSpan(0, length)) : throw new InvalidDataException("a header block is too long");
    }

    public void Dispose() => inflate.Dispose();

    private static ReadOnlySpan<byte> AfterZlibHeader(ReadOnlySpan<byte> block)
    {
        if (block.Length < ZlibHeader || (block[1] & DictionaryFlag) == 0)
        {
            return block.Length < ZlibHeader ? throw new InvalidDataException("the first header block is too short") : block[ZlibHeader..];
        }

        return block.Length >= ZlibHeader + 4 && BinaryPrimitives.ReadUInt32BigEndian(block[ZlibHeader..]) == SpdyDictionary.Id
            ? block[(ZlibHeader + 4)..]
            : throw new InvalidDataException("headers are compressed with another dictionary");
    }

    private static Dictionary<string, string> Parse(ReadOnlySpan<byte> text)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        int at = 0;
        for (int left = Number(text, ref at); left > 0; left--)
        {
            string name = Text(text, ref at);
            headers[name] = Text(text, ref at);
        }

        return headers;
    }

    private static int Number(ReadOnlySpan<byte> text, ref int at)
    {
        if (text.Length - at < 4)
        {
            throw new InvalidDataException("a header block ends too soon");
        }

        int number = BinaryPrimitives.ReadInt32BigEndian(text[at..]);
        at += 4;
        return number >= 0 && number <= text.Length ? number : throw new InvalidDataException("a header block has a length that it cannot have");
    }

    private static string Text(ReadOnlySpan<byte> text, ref int at)
    {
        int length = Number(text, ref at);
        if (text.Length - at < length)
        {
            throw new InvalidDataException("a header block ends too soon");
        }

        at += length;
        return Encoding.UTF8.GetString(text.Slice(at - length, length));
    }

    /// <summary>A block of a deflate stream (RFC 1951, section 3.2.4) that is not the last.</summary>
    private static byte[] Stored(ReadOnlySpan<byte> content)
    {
        byte[] block = new byte[5 + content.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(1), (ushort)content.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(3), (ushort)~content.Length);
        content.CopyTo(block.AsSpan(5));
        return block;
    }

    /// <summary>Gives what was put into it, and then an end that is none.</summary>
    private sealed class Feed : MemoryStream
    {
        public void Put(byte[] bytes)
        {
            SetLength(0);
            Write(bytes);
            Position = 0;
        }
    }
}
