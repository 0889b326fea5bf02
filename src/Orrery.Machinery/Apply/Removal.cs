using System.Text.Json.Nodes;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Apply;

/// <summary>Takes fields out of an object.</summary>
internal static class Removal
{
    /// <summary>Removes in place every member of <paramref name="set"/> with all below it. A member of an object that becomes empty by that stays as null: it is there, with nothing in it.</summary>
    public static void From(JsonNode? value, FieldSet set, Schema? schema)
    {
        switch (Shapes.Of(schema, value), value)
        {
            case (Shape.Map, JsonObject o):
                foreach (FieldEntry entry in set.Entries)
                {
                    if (entry.Element.Kind != PathKind.Field || !o.TryGetPropertyValue(entry.Element.Name, out JsonNode? member))
                    {
                        continue;
                    }

                    if (entry.IsMember)
                    {
                        o.Remove(entry.Element.Name);
                    }
                    else if (IsEmptiedBy(member, entry.Children, Shapes.Member(schema, entry.Element.Name)))
                    {
                        o[entry.Element.Name] = null;
                    }
                }

                break;

            case (Shape.Set or Shape.KeyedList, JsonArray a):
                for (int i = a.Count - 1; i >= 0; i--)
                {
                    if (ListItems.ElementOf(schema!, a[i], out _) is not { } element)
                    {
                        continue;
                    }

                    FieldEntry entry = set.Find(element);
                    if (entry.IsMember)
                    {
                        a.RemoveAt(i);
                    }
                    else if (!entry.Children.IsEmpty)
                    {
                        From(a[i], entry.Children, schema!.Items);
                    }
                }

                break;
        }
    }

    private static bool IsEmptiedBy(JsonNode? value, FieldSet set, Schema? schema)
    {
        if (set.IsEmpty || Shapes.CountOf(value) == 0)
        {
            return false;
        }

        From(value, set, schema);
        return Shapes.CountOf(value) == 0;
    }
}
