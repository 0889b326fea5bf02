using System.Text.Json.Nodes;

namespace Orrery.Machinery.Apply;

/// <summary>The wire form of a <see cref="FieldSet"/>, as structured-merge-diff writes it: <c>{"f:spec":{"f:replicas":{}}}</c>.</summary>
internal static class FieldsV1
{
    public static JsonObject Write(FieldSet set) => Write(set, false);

    /// <exception cref="FormatException">A key is no path element.</exception>
    public static FieldSet Read(JsonObject json)
    {
        (FieldSet set, _) = ReadNode(json);
        return set;
    }

    private static JsonObject Write(FieldSet set, bool includeSelf)
    {
        var json = new JsonObject();

        // A leaf needs no mark: a node without children is a member by itself.
        if (includeSelf && !set.IsEmpty)
        {
            json["."] = new JsonObject();
        }

        foreach (FieldEntry entry in set.Entries)
        {
            json[entry.Element.Serialize()] = Write(entry.Children, entry.IsMember);
        }

        return json;
    }

    private static (FieldSet Children, bool IsMember) ReadNode(JsonNode? json)
    {
        if (json is not JsonObject node)
        {
            throw new FormatException("A FieldsV1 value is no object.");
        }

        bool isMember = false;
        List<FieldEntry>? entries = null;
        foreach ((string name, JsonNode? value) in node)
        {
            if (name == ".")
            {
                isMember = true;
            }
            else if (PathElement.TryParse(name, out PathElement element, out bool isUnknown))
            {
                (FieldSet children, bool member) = ReadNode(value);
                (entries ??= new List<FieldEntry>(node.Count)).Add(new FieldEntry(element, member, children));
            }
            else if (!isUnknown)
            {
                throw new FormatException($"'{name}' is no path element.");
            }
        }

        return entries is null ? (FieldSet.Empty, true) : (FieldSet.From(entries), isMember);
    }
}
