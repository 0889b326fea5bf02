using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Apply;

/// <summary>
/// The wire form of a <see cref="FieldSet"/>, as structured-merge-diff writes it: <c>{"f:spec":{"f:replicas":{}}}</c>. It is read from bytes and written as bytes: a node for each field of each
/// owner, which nobody but this looks at, was a sixth of what a refused patch allocated.
/// </summary>
internal static class FieldsV1
{
    private const int Usual = 64;

    /// <summary>Entries of all levels that are being read; what is nested stands behind what is around it.</summary>
    [ThreadStatic]
    private static List<FieldEntry>? reading;

    /// <summary>An object that has no nodes until somebody looks into it.</summary>
    public static JsonObject Write(FieldSet set)
    {
        using JsonScratch scratch = JsonScratch.Take();
        Write(scratch.Writer, set, false);
        var reader = new Utf8JsonReader(scratch.Written, KubeJson.ReaderOptions);
        return JsonObject.Create(JsonElement.ParseValue(ref reader))!;
    }

    /// <exception cref="FormatException">A key is no path element.</exception>
    public static FieldSet Read(JsonObject json)
    {
        using JsonScratch scratch = JsonScratch.Take();
        json.WriteTo(scratch.Writer);
        var reader = new Utf8JsonReader(scratch.Written, KubeJson.ReaderOptions);
        reader.Read();
        List<FieldEntry> entries = reading ?? new List<FieldEntry>(Usual);
        reading = null;
        (FieldSet set, _) = Read(ref reader, entries);
        reading = entries;
        return set;
    }

    private static void Write(Utf8JsonWriter writer, FieldSet set, bool includeSelf)
    {
        writer.WriteStartObject();

        // A leaf needs no mark: a node without children is a member by itself.
        if (includeSelf && !set.IsEmpty)
        {
            writer.WriteStartObject("."u8);
            writer.WriteEndObject();
        }

        foreach (FieldEntry entry in set.Entries)
        {
            WriteName(writer, entry.Element);
            Write(writer, entry.Children, entry.IsMember);
        }

        writer.WriteEndObject();
    }

    private static void WriteName(Utf8JsonWriter writer, PathElement element)
    {
        if (element.Kind != PathKind.Field || element.Name.Length > Usual)
        {
            writer.WritePropertyName(element.Serialize());
            return;
        }

        Span<char> name = stackalloc char[Usual + 2];
        "f:".CopyTo(name);
        element.Name.CopyTo(name[2..]);
        writer.WritePropertyName(name[..(element.Name.Length + 2)]);
    }

    /// <param name="reader">At the value.</param>
    private static (FieldSet Children, bool IsMember) Read(ref Utf8JsonReader reader, List<FieldEntry> entries)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new FormatException("A FieldsV1 value is no object.");
        }

        bool isMember = false;
        int first = entries.Count;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("."u8))
            {
                isMember = true;
                reader.Skip();
            }
            else if (TryRead(ref reader, out PathElement element, out bool isUnknown))
            {
                reader.Read();
                (FieldSet children, bool member) = Read(ref reader, entries);
                entries.Add(new FieldEntry(element, member, children));
            }
            else if (isUnknown)
            {
                reader.Skip();
            }
            else
            {
                throw new FormatException($"'{reader.GetString()}' is no path element.");
            }
        }

        if (entries.Count == first)
        {
            return (FieldSet.Empty, true);
        }

        FieldSet set = FieldSet.From(CollectionsMarshal.AsSpan(entries)[first..]);
        entries.RemoveRange(first, entries.Count - first);
        return (set, isMember);
    }

    private static bool TryRead(ref Utf8JsonReader reader, out PathElement element, out bool isUnknown)
    {
        if (!reader.ValueIsEscaped && reader.ValueSpan.StartsWith("f:"u8))
        {
            element = PathElement.OfField(MemberNames.Of(reader.ValueSpan[2..]));
            isUnknown = false;
            return true;
        }

        return PathElement.TryParse(reader.GetString()!, out element, out isUnknown);
    }
}
