using System.Text.Json.Nodes;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Apply;

/// <summary>The fields that an object states, as paths: what its applier comes to own.</summary>
internal static class OwnedFields
{
    public static FieldSet Of(JsonObject json, Schema schema) => Below(json, schema, out _);

    /// <summary>
    /// Adds the named members that lie on the way to a member of the set: owning <c>spec.replicas</c> counts as
    /// owning <c>spec</c> too, but owning one label does not count as owning the map of labels.
    /// </summary>
    public static FieldSet WithNamedParents(FieldSet set, Schema? schema)
    {
        var entries = new List<FieldEntry>(set.Entries.Length);
        foreach (FieldEntry entry in set.Entries)
        {
            bool isField = entry.Element.Kind == PathKind.Field;
            Schema? below = isField ? Shapes.Member(schema, entry.Element.Name) : schema?.Items;
            bool isNamed = isField && Shapes.IsNamed(schema, entry.Element.Name);
            entries.Add(new FieldEntry(entry.Element, entry.IsMember || isNamed, entry.Children.IsEmpty ? entry.Children : WithNamedParents(entry.Children, below)));
        }

        return FieldSet.From(entries);
    }

    private static FieldSet Below(JsonNode? value, Schema? schema, out bool isLeaf)
    {
        Shape shape = Shapes.Of(schema, value);
        isLeaf = shape == Shape.Leaf;
        switch (shape)
        {
            case Shape.Map when value is JsonObject { Count: > 0 } o:
                var members = new List<FieldEntry>(o.Count);
                foreach ((string name, JsonNode? member) in o)
                {
                    FieldSet below = Below(member, Shapes.Member(schema, name), out bool leaf);
                    bool isMember = leaf || member is null or JsonObject { Count: 0 } || !Shapes.IsNamed(schema, name);
                    members.Add(new FieldEntry(PathElement.OfField(name), isMember, below));
                }

                return FieldSet.From(members);

            case Shape.Set or Shape.KeyedList when value is JsonArray { Count: > 0 } a:
                ItemIndex index = ListItems.Index(schema!, a);
                return FieldSet.From(index.Order.ConvertAll(element =>
                    new FieldEntry(element, true, index.RepeatedAt(element) is null ? Below(index.Items[element], schema!.Items, out _) : FieldSet.Empty)));

            default:
                return FieldSet.Empty;
        }
    }
}
