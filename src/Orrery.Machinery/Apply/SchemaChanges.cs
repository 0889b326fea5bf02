using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Apply;

/// <summary>
/// Brings owned fields in line with a schema that changed since they were noted: who owned parts of a list or map
/// that is atomic now owns all of it (structured-merge-diff <c>typed/reconcile_schema.go</c>). The other way round
/// needs nothing: a whole that fell into parts stays owned as such, and its owner's next apply names the parts.
/// </summary>
internal static class SchemaChanges
{
    /// <summary>The same set where nothing changed.</summary>
    public static FieldSet Follow(FieldSet fields, Schema? schema)
    {
        List<FieldEntry>? changed = null;
        ReadOnlySpan<FieldEntry> entries = fields.Entries;
        for (int i = 0; i < entries.Length; i++)
        {
            FieldEntry entry = entries[i];
            FieldEntry followed = entry.Children.IsEmpty ? entry : Follow(entry, entry.Element.Kind == PathKind.Field ? Shapes.Member(schema, entry.Element.Name) : schema?.Items);
            if (changed is null && !ReferenceEquals(followed.Children, entry.Children))
            {
                changed = [.. entries[..i]];
            }

            changed?.Add(followed);
        }

        return changed is null ? fields : FieldSet.From(changed);
    }

    private static FieldEntry Follow(FieldEntry entry, Schema? schema)
    {
        // A part without schema has the shape of its value, which may change with every write.
        if (schema is null || Shapes.IsDeduced(schema))
        {
            return entry;
        }

        return Shapes.Of(schema, null) == Shape.Leaf
            ? new FieldEntry(entry.Element, true, FieldSet.Empty)
            : entry with { Children = Follow(entry.Children, schema) };
    }
}
