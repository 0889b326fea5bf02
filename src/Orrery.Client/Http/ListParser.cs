using System.Text;
using System.Text.Json;
using Orrery.Api;

namespace Orrery.Client;

/// <summary>One page of a list.</summary>
internal sealed record ListPage(List<KubeObject> Items, string ResourceVersion, string Continue);

/// <summary>
/// Reads a List object page by page. An API server leaves <c>apiVersion</c> and <c>kind</c> out of the items of
/// built-in kinds (they follow from the list's), so they are put back here.
/// </summary>
internal static class ListParser
{
    public static ListPage Parse(ReadOnlySpan<byte> body)
    {
        string kind = "", apiVersion = "", resourceVersion = "", next = "";
        var items = new List<KubeObject>();
        var bare = new List<int>();
        var reader = new Utf8JsonReader(body, KubeJson.ReaderOptions);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("items"u8))
            {
                reader.Read();
                ReadItems(ref reader, items, bare);
                continue;
            }

            string member = reader.GetString()!;
            reader.Read();
            switch (member)
            {
                case "kind":
                    kind = reader.GetString() ?? "";
                    break;
                case "apiVersion":
                    apiVersion = reader.GetString() ?? "";
                    break;
                case "metadata":
                    JsonElement metadata = JsonElement.ParseValue(ref reader);
                    resourceVersion = Text(metadata, "resourceVersion");
                    next = Text(metadata, "continue");
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        if (bare.Count > 0 && kind.EndsWith("List", StringComparison.Ordinal))
        {
            byte[] head = Encoding.UTF8.GetBytes($"{{\"apiVersion\":\"{apiVersion}\",\"kind\":\"{kind[..^4]}\",");
            foreach (int index in bare)
            {
                items[index] = WithHead(head, items[index]);
            }
        }

        return new ListPage(items, resourceVersion, next);
    }

    private static void ReadItems(ref Utf8JsonReader reader, List<KubeObject> items, List<int> bare)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            // Go writes an empty list as null where nobody made it.
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            var item = new KubeObject(JsonElement.ParseValue(ref reader));
            if (!item.Json.TryGetProperty("kind"u8, out _))
            {
                bare.Add(items.Count);
            }

            items.Add(item);
        }
    }

    private static KubeObject WithHead(byte[] head, KubeObject item)
    {
        ReadOnlySpan<byte> body = System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(item.Json);
        byte[] whole = new byte[head.Length + body.Length - 1];
        head.CopyTo(whole, 0);
        body[1..].CopyTo(whole.AsSpan(head.Length));
        return KubeObject.Parse(whole);
    }

    private static string Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
