using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Orrery.Api;

namespace Orrery.Server.Cache;

/// <summary>Encoded objects, and what is spliced into them without parsing them as a whole.</summary>
/// <param name="Json">The object with its resourceVersion as the first member of metadata.</param>
/// <param name="MetadataAt">Offset right after <c>"metadata":{</c>.</param>
internal readonly record struct ObjectBytes(byte[] Json, int MetadataAt)
{
    private static readonly byte[] VersionOpen = "\"resourceVersion\":\""u8.ToArray();

    /// <summary>What stands before <see cref="MetadataAt"/> in everything that this server has encoded.</summary>
    public static ReadOnlySpan<byte> MetadataOpening => "\"metadata\":{"u8;

    /// <param name="stored">An object whose metadata has no resourceVersion.</param>
    /// <exception cref="FormatException">Not a JSON object with an object <c>metadata</c>.</exception>
    public static ObjectBytes WithRevision(ReadOnlySpan<byte> stored, long revision)
    {
        (int at, bool isEmpty) = FindMetadata(stored);
        return new ObjectBytes(Splice(stored[..at], revision, isEmpty ? "\""u8 : "\","u8, stored[at..]), at);
    }

    /// <summary>The same object under another revision.</summary>
    public static ObjectBytes ReplaceRevision(ReadOnlySpan<byte> json, int metadataAt, long from, long to)
    {
        int tail = metadataAt + VersionOpen.Length + Digits(from);
        return new ObjectBytes(Splice(json[..metadataAt], to, [], json[tail..]), metadataAt);
    }

    public static void WriteClusterName(IBufferWriter<byte> output, ReadOnlySpan<char> @namespace, ReadOnlySpan<char> name)
    {
        output.Write("\"clusterName\":\""u8);
        Encoding.UTF8.GetBytes(@namespace, output);
        output.Write("/"u8);
        Encoding.UTF8.GetBytes(name, output);
        output.Write("\","u8);
    }

    private static byte[] Splice(ReadOnlySpan<byte> head, long revision, ReadOnlySpan<byte> close, ReadOnlySpan<byte> tail)
    {
        Span<byte> number = stackalloc byte[20];
        Utf8Formatter.TryFormat(revision, number, out int digits);
        byte[] json = GC.AllocateUninitializedArray<byte>(head.Length + VersionOpen.Length + digits + close.Length + tail.Length);
        Span<byte> rest = json;
        Append(ref rest, head);
        Append(ref rest, VersionOpen);
        Append(ref rest, number[..digits]);
        Append(ref rest, close);
        Append(ref rest, tail);
        return json;
    }

    private static void Append(ref Span<byte> rest, scoped ReadOnlySpan<byte> part)
    {
        part.CopyTo(rest);
        rest = rest[part.Length..];
    }

    /// <summary>What a resourceVersion adds to an object that has other metadata.</summary>
    public static int RevisionLength(long revision) => VersionOpen.Length + Digits(revision) + "\",".Length;

    private static int Digits(long revision)
    {
        Span<byte> number = stackalloc byte[20];
        Utf8Formatter.TryFormat(revision, number, out int digits);
        return digits;
    }

    private static (int At, bool IsEmpty) FindMetadata(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json, KubeJson.ReaderOptions);
            if (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
            {
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    bool isMetadata = reader.ValueTextEquals("metadata"u8);
                    reader.Read();
                    if (isMetadata && reader.TokenType == JsonTokenType.StartObject)
                    {
                        int at = (int)reader.BytesConsumed;
                        return (at, reader.Read() && reader.TokenType == JsonTokenType.EndObject);
                    }

                    reader.Skip();
                }
            }
        }
        catch (JsonException fault)
        {
            throw new FormatException("a stored value is not JSON", fault);
        }

        throw new FormatException("a stored value is not an object with metadata");
    }
}
