using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Api;

/// <summary>JSON of objects, as deep as a server takes it: what .NET reads by itself ends at 64 levels, and one object that is deeper would stop whoever lists or watches its kind.</summary>
public static class KubeJson
{
    /// <summary>Levels of a body that is accepted.</summary>
    public const int MostOfBody = 512;

    /// <summary>Levels that are read: a body's, and what stands around it in a list or an event or says who owns its fields.</summary>
    public const int Most = MostOfBody + 64;

    /// <summary>Bytes to write into at first, and most of what stays with a thread for its next object: a tree is written at each patch.</summary>
    private const int Usual = 8 << 10, MostKept = 64 << 10;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? spare;

    public static JsonReaderOptions ReaderOptions => new() { MaxDepth = Most };

    public static JsonDocumentOptions DocumentOptions => new() { MaxDepth = Most };

    /// <summary>A mutable copy.</summary>
    public static JsonNode? ToNode(JsonElement json) => JsonNode.Parse(JsonMarshal.GetRawUtf8Value(json), null, DocumentOptions);

    /// <summary>An immutable copy.</summary>
    public static JsonElement ToElement(JsonNode json)
    {
        var reader = new Utf8JsonReader(ToUtf8(json), ReaderOptions);
        return JsonElement.ParseValue(ref reader);
    }

    /// <summary>A tree as bytes, members in their order.</summary>
    public static byte[] ToUtf8(JsonNode json)
    {
        ArrayBufferWriter<byte> buffer = spare ?? new ArrayBufferWriter<byte>(Usual);
        spare = null;
        buffer.ResetWrittenCount();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            json.WriteTo(writer);
        }

        byte[] written = buffer.WrittenSpan.ToArray();
        spare = buffer.Capacity <= MostKept ? buffer : null;
        return written;
    }

    /// <summary>Whether a tree has no more than <see cref="MostOfBody"/> levels. Takes no stack, however deep it is.</summary>
    public static bool IsWithinDepth(JsonNode? json)
    {
        var left = new Stack<(JsonNode Node, int Level)>();
        Push(json, 1);
        while (left.TryPop(out (JsonNode Node, int Level) at))
        {
            if (at.Level > MostOfBody)
            {
                return false;
            }

            if (at.Node is JsonObject members)
            {
                foreach ((_, JsonNode? member) in members)
                {
                    Push(member, at.Level + 1);
                }
            }
            else
            {
                foreach (JsonNode? item in (JsonArray)at.Node)
                {
                    Push(item, at.Level + 1);
                }
            }
        }

        return true;

        void Push(JsonNode? node, int level)
        {
            if (node is JsonObject or JsonArray)
            {
                left.Push((node, level));
            }
        }
    }
}
