using System.Text.Json.Nodes;

namespace Orrery.Machinery.Patches;

/// <summary>A JSON document whose root may be replaced too, with the primitive steps of JSON Patch.</summary>
internal sealed class DocumentRoot(JsonNode? document)
{
    public JsonNode? Document { get; private set; } = document;

    public JsonNode? Get(JsonPointer path)
    {
        JsonNode? at = Document;
        foreach (string token in path.Tokens)
        {
            at = Step(at, token, path);
        }

        return at;
    }

    /// <summary>As <see cref="Get"/>, but a member that an object lacks is null, as in upstream's library.</summary>
    public JsonNode? Find(JsonPointer path) => path.Tokens.Length > 0 && Parent(path) is JsonObject o ? o[path.Tokens[^1]] : Get(path);

    public void Add(JsonPointer path, JsonNode? value)
    {
        if (path.Tokens.Length == 0)
        {
            Document = value;
            return;
        }

        string last = path.Tokens[^1];
        switch (Parent(path))
        {
            case JsonObject o:
                o[last] = value;
                break;
            case JsonArray a:
                int index = last == "-" ? a.Count : JsonPointer.Index(last);
                if (index < 0 || index > a.Count)
                {
                    throw Missing(path);
                }

                a.Insert(index, value);
                break;
            default:
                throw Missing(path);
        }
    }

    /// <summary>Takes the value out and returns it, free of any parent.</summary>
    public JsonNode? Remove(JsonPointer path)
    {
        if (path.Tokens.Length == 0)
        {
            // Upstream's library finds nothing that it would be taken out of.
            throw Missing(path);
        }

        JsonNode? removed = Get(path);

        string last = path.Tokens[^1];
        if (Parent(path) is JsonObject o)
        {
            o.Remove(last);
        }
        else if (Parent(path) is JsonArray a)
        {
            a.RemoveAt(JsonPointer.Index(last));
        }

        return removed;
    }

    /// <summary>A member that an object lacks is added: against RFC 6902, but what upstream's library does, and what clients have come to rely on.</summary>
    public void Replace(JsonPointer path, JsonNode? value)
    {
        if (path.Tokens.Length > 0 && Parent(path) is JsonArray a)
        {
            Get(path);
            a[JsonPointer.Index(path.Tokens[^1])] = value;
        }
        else
        {
            Add(path, value);
        }
    }

    private JsonNode? Parent(JsonPointer path)
    {
        JsonNode? at = Document;
        foreach (string token in path.Tokens.AsSpan(0, path.Tokens.Length - 1))
        {
            at = Step(at, token, path);
        }

        return at;
    }

    private static JsonNode? Step(JsonNode? at, string token, JsonPointer path) => at switch
    {
        JsonObject o when o.TryGetPropertyValue(token, out JsonNode? child) => child,
        JsonArray a when JsonPointer.Index(token) is >= 0 and int index && index < a.Count => a[index],
        _ => throw Missing(path),
    };

    private static Api.StatusException Missing(JsonPointer path) => PatchErrors.Rejected($"The document holds nothing at {path}.");
}
