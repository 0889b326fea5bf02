using System.Text.Json.Nodes;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Apply;

/// <summary>Lays an applied object over the live one.</summary>
internal static class Merging
{
    /// <summary>Merges into <paramref name="live"/> in place.</summary>
    public static void Into(JsonObject live, JsonObject applied, Schema schema) => MergeMembers(live, applied, schema);

    /// <summary>Returns <paramref name="live"/>, changed in place, or another node that takes its place.</summary>
    private static JsonNode? Merge(JsonNode? live, JsonNode? applied, Schema? schema)
    {
        // A null takes nothing away from what is owned part by part.
        if (applied is null && Shapes.CountOf(live) > 0 && Shapes.Of(schema, live) != Shape.Leaf)
        {
            return live;
        }

        Shape shape = Shapes.Of(schema, applied);
        if (shape == Shape.Leaf || Shapes.CountOf(live) == 0 || Shapes.Of(schema, live) != shape)
        {
            return Shapes.AreEqual(live, applied) ? live : applied?.DeepClone();
        }

        switch (live, applied)
        {
            case (JsonObject o, JsonObject p):
                MergeMembers(o, p, schema);
                break;
            case (JsonArray a, JsonArray p) when p.Count > 0:
                MergeItems(a, p, schema!);
                break;
        }

        return live;
    }

    private static void MergeMembers(JsonObject live, JsonObject applied, Schema? schema)
    {
        foreach ((string name, JsonNode? value) in applied)
        {
            if (!live.TryGetPropertyValue(name, out JsonNode? existing))
            {
                live[name] = value?.DeepClone();
                continue;
            }

            JsonNode? merged = Merge(existing, value, Shapes.Member(schema, name));
            if (!ReferenceEquals(merged, existing))
            {
                live[name] = merged;
            }
        }
    }

    /// <summary>
    /// Items that both have stand in the applied order; items that only the live object has keep their place before
    /// the next common item that followed them.
    /// </summary>
    private static void MergeItems(JsonArray live, JsonArray applied, Schema list)
    {
        ItemIndex former = ListItems.Index(list, live);
        List<JsonNode?> old = [.. live];
        live.Clear();
        List<(PathElement? Element, JsonNode? Item)> left = old.ConvertAll(x => (ListItems.ElementOf(list, x, out _), x));
        ItemIndex right = ListItems.Index(list, applied);
        int at = 0, next = 0;
        for (int i = 0; i < right.Order.Count; i++)
        {
            // 1. The next item that both have.
            next = Math.Max(next, i);
            while (next < right.Order.Count && !former.Items.ContainsKey(right.Order[next]))
            {
                next++;
            }

            // 2. Items of the live object alone, up to there. Common items on the way get their place from the applied order.
            TakeLiveUntil(next < right.Order.Count ? right.Order[next] : null);

            // 3. The applied item, which takes the place of several of its name.
            PathElement element = right.Order[i];
            live.Add(former.Items.TryGetValue(element, out JsonNode? existing) && former.RepeatedAt(element) is null
                ? Merge(existing, right.Items[element], list.Items)
                : right.Items[element]?.DeepClone());
        }

        TakeLiveUntil(null);

        void TakeLiveUntil(PathElement? stop)
        {
            for (; at < left.Count; at++)
            {
                if (left[at].Element is not { } element || !right.Items.ContainsKey(element))
                {
                    live.Add(left[at].Item);
                }
                else if (stop is { } s && element.Equals(s))
                {
                    break;
                }
            }
        }
    }
}
