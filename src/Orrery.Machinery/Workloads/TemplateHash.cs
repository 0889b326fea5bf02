using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Machinery.Workloads;

/// <summary>A short name for the content of a pod template, the same for the same content whatever its members' order.</summary>
public static class TemplateHash
{
    /// <summary>Letters and digits that form no words: upstream's <c>rand.SafeEncodeString</c> alphabet.</summary>
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <param name="collisions">Raised when a name made from the hash turned out to be taken by something else.</param>
    public static string Of(JsonNode template, long collisions = 0)
    {
        var text = new StringBuilder();
        Write(text, template);
        text.Append(collisions.ToString(CultureInfo.InvariantCulture));
        return Encode(Fnv1a(Encoding.UTF8.GetBytes(text.ToString())));
    }

    /// <summary>Ten characters from a text, for names that must be the same on every run.</summary>
    public static string Of(string text) => Encode(Fnv1a(Encoding.UTF8.GetBytes(text)));

    private static string Encode(ulong hash)
    {
        Span<char> name = stackalloc char[10];
        for (int i = 0; i < name.Length; i++)
        {
            name[i] = Alphabet[(int)(hash % (ulong)Alphabet.Length)];
            hash /= (ulong)Alphabet.Length;
        }

        return new string(name);
    }

    private static ulong Fnv1a(ReadOnlySpan<byte> bytes)
    {
        ulong hash = 14695981039346656037;
        foreach (byte b in bytes)
        {
            hash = (hash ^ b) * 1099511628211;
        }

        return hash;
    }

    private static void Write(StringBuilder text, JsonNode? node)
    {
        switch (node)
        {
            case JsonObject o:
                text.Append('{');
                foreach ((string name, JsonNode? value) in o.OrderBy(m => m.Key, StringComparer.Ordinal))
                {
                    text.Append(JsonSerializer.Serialize(name)).Append(':');
                    Write(text, value);
                    text.Append(',');
                }

                text.Append('}');
                break;
            case JsonArray a:
                text.Append('[');
                foreach (JsonNode? item in a)
                {
                    Write(text, item);
                    text.Append(',');
                }

                text.Append(']');
                break;
            default:
                text.Append(node?.ToJsonString() ?? "null");
                break;
        }
    }
}
