using System.Text.Json.Nodes;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Apply;

/// <summary>What a write did to an object, path by path.</summary>
/// <param name="Changed">Added or modified.</param>
/// <param name="Removed">There before and gone now.</param>
internal readonly record struct Comparison(FieldSet Changed, FieldSet Removed)
{
    public bool IsEmpty => Changed.IsEmpty && Removed.IsEmpty;

    /// <summary>Compares two whole objects in one walk. Nothing is allocated where they agree, apart from the index of keyed lists that are not equal.</summary>
    public static Comparison Of(JsonObject before, JsonObject after, Schema schema)
    {
        Difference difference = Compare(true, before, true, after, schema);
        return new Comparison(difference.Changed, difference.Removed);
    }

    public Comparison Without(FieldSet ignored) => new(Changed.RecursiveDifference(ignored), Removed.RecursiveDifference(ignored));

    private static Difference Compare(bool hadIt, JsonNode? before, bool hasIt, JsonNode? after, Schema? schema)
    {
        Shape shape = Shapes.Of(schema, hasIt ? after : before);
        if (hadIt && hasIt && before is not null && after is not null && Shapes.Of(schema, before) != shape)
        {
            // A part without schema turned from one shape into another: all of the old goes, all of the new comes.
            Difference gone = Compare(true, before, false, null, schema);
            Difference come = Compare(false, null, true, after, schema);
            return new Difference(come.Changed, gone.Removed, true, false);
        }

        // Empty and null are told apart from absent, and so are leaves.
        if (shape == Shape.Leaf || (Shapes.CountOf(before) == 0 && Shapes.CountOf(after) == 0))
        {
            return !hadIt ? Difference.Added : !hasIt ? Difference.Gone : Shapes.AreEqual(before, after) ? default : Difference.Added;
        }

        return shape == Shape.Map
            ? CompareMembers(before as JsonObject, after as JsonObject, schema, hadIt, hasIt)
            : CompareItems(before as JsonArray, after as JsonArray, schema!, hadIt, hasIt);
    }

    private static Difference CompareMembers(JsonObject? before, JsonObject? after, Schema? schema, bool hadIt, bool hasIt)
    {
        var found = default(Findings);
        if (after is not null)
        {
            foreach ((string name, JsonNode? value) in after)
            {
                JsonNode? old = null;
                bool had = before is not null && before.TryGetPropertyValue(name, out old);
                found.Add(name, Compare(had, old, true, value, Shapes.Member(schema, name)));
            }
        }

        if (before is not null)
        {
            foreach ((string name, JsonNode? value) in before)
            {
                if (after is null || !after.ContainsKey(name))
                {
                    found.Add(name, Compare(true, value, false, null, Shapes.Member(schema, name)));
                }
            }
        }

        return found.ToDifference(!hadIt, !hasIt);
    }

    private static Difference CompareItems(JsonArray? before, JsonArray? after, Schema list, bool hadIt, bool hasIt)
    {
        if (hadIt && hasIt && Shapes.AreEqual(before, after))
        {
            return default;
        }

        ItemIndex old = ListItems.Index(list, before), current = ListItems.Index(list, after);
        var found = default(Findings);
        foreach (PathElement element in current.Order.Concat(old.Order.Where(e => !current.Items.ContainsKey(e))))
        {
            found.Add(element, CompareItem(element, old, current, list));
        }

        return found.ToDifference(!hadIt, !hasIt);
    }

    private static Difference CompareItem(PathElement element, ItemIndex old, ItemIndex current, Schema list)
    {
        bool had = old.Items.TryGetValue(element, out JsonNode? before), has = current.Items.TryGetValue(element, out JsonNode? after);
        List<JsonNode?>? several = old.RepeatedAt(element), now = current.RepeatedAt(element);
        if (several is null && now is null)
        {
            return Compare(had, before, has, after, list.Items);
        }

        // Items that share a name are one leaf, which comes and goes as a whole: what stands below the name is of a single item alone.
        if (several is not null && now is not null)
        {
            return several.Count == now.Count && several.Zip(now).All(pair => Shapes.AreEqual(pair.First, pair.Second)) ? default : Difference.Added;
        }

        if (now is not null)
        {
            Difference gone = had ? Compare(true, before, false, null, list.Items) : default;
            return new Difference(null, gone.Removed, true, gone.SelfRemoved);
        }

        Difference come = has ? Compare(false, null, true, after, list.Items) : default;
        return new Difference(come.Changed, null, come.SelfChanged, true);
    }

    /// <summary>What differs below a node, and whether the node itself came, changed or went.</summary>
    private readonly struct Difference(FieldSet? changed, FieldSet? removed, bool selfChanged, bool selfRemoved)
    {
        private readonly FieldSet? changed = changed;
        private readonly FieldSet? removed = removed;

        public static Difference Added => new(null, null, true, false);

        public static Difference Gone => new(null, null, false, true);

        public FieldSet Changed => changed ?? FieldSet.Empty;

        public FieldSet Removed => removed ?? FieldSet.Empty;

        public bool SelfChanged { get; } = selfChanged;

        public bool SelfRemoved { get; } = selfRemoved;
    }

    /// <summary>Gathers the differences of a node's parts.</summary>
    private struct Findings
    {
        private List<FieldEntry>? changed;
        private List<FieldEntry>? removed;

        public void Add(string name, Difference difference)
        {
            if (difference.SelfChanged || difference.SelfRemoved || !difference.Changed.IsEmpty || !difference.Removed.IsEmpty)
            {
                Add(PathElement.OfField(name), difference);
            }
        }

        public void Add(PathElement element, Difference difference)
        {
            if (difference.SelfChanged || !difference.Changed.IsEmpty)
            {
                (changed ??= []).Add(new FieldEntry(element, difference.SelfChanged, difference.Changed));
            }

            if (difference.SelfRemoved || !difference.Removed.IsEmpty)
            {
                (removed ??= []).Add(new FieldEntry(element, difference.SelfRemoved, difference.Removed));
            }
        }

        public readonly Difference ToDifference(bool selfAdded, bool selfRemoved) =>
            new(changed is null ? null : FieldSet.From(changed), removed is null ? null : FieldSet.From(removed), selfAdded, selfRemoved);
    }
}
