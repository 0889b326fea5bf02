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
        using JsonScratch scratch = JsonScratch.Take();
        json.WriteTo(scratch.Writer);
        return scratch.Written.ToArray();
    }

    /// <summary>Whether both say the same, whatever the order of their members. Looks into neither where they are written alike, as they nearly always are.</summary>
    public static bool AreSame(JsonNode? a, JsonNode? b)
    {
        if (ReferenceEquals(a, b))
        {
            return true;
        }

        if (a is null || b is null)
        {
            return false;
        }

        using JsonScratch scratch = JsonScratch.Take();
        using JsonScratch other = JsonScratch.Take();
        a.WriteTo(scratch.Writer);
        b.WriteTo(other.Writer);
        return scratch.Written.SequenceEqual(other.Written) || JsonNode.DeepEquals(a, b);
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
