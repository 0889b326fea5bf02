using System.Text.Json.Nodes;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Apply;

/// <summary>
/// The rules of ownership (structured-merge-diff <c>merge/update.go</c>), on decoded entries and complete schemas.
/// All versions of a kind share one schema here: entries of another version are compared as they stand, which is
/// what conversion strategy None means.
/// </summary>
internal static class Ownership
{
    /// <summary>Never owned by anybody.</summary>
    private static readonly FieldSet Unowned = new[]
    {
        FieldSet.OfNames("apiVersion"), FieldSet.OfNames("kind"), FieldSet.OfNames("metadata"),
        FieldSet.OfNames("metadata", "name"), FieldSet.OfNames("metadata", "namespace"), FieldSet.OfNames("metadata", "creationTimestamp"),
        FieldSet.OfNames("metadata", "selfLink"), FieldSet.OfNames("metadata", "uid"), FieldSet.OfNames("metadata", "clusterName"),
        FieldSet.OfNames("metadata", "generation"), FieldSet.OfNames("metadata", "managedFields"), FieldSet.OfNames("metadata", "resourceVersion"),
    }.Aggregate(FieldSet.Empty, static (a, b) => a.Union(b));

    /// <summary>
    /// Gives what a write changed to its author and takes it, with what the write removed, from everybody else. The
    /// author's entry gets <paramref name="time"/> only when it gains something.
    /// </summary>
    public static void Take(ManagedFields managed, Comparison comparison, ManagerIdentity author, string apiVersion, DateTimeOffset? time)
    {
        // 1. Everybody loses, the author's former entry too.
        FieldSet lost = comparison.Changed.Union(comparison.Removed);
        foreach (ManagedEntry entry in managed.Entries.ToList())
        {
            Lose(managed, entry, lost);
        }

        // 2. The author gains.
        FieldSet gained = comparison.Changed.Difference(Unowned);
        if (!gained.IsEmpty)
        {
            ManagedEntry? former = managed.Find(author);
            managed.Set(new ManagedEntry(author, apiVersion, former is null ? gained : former.Fields.Union(gained), time));
        }

        UpdateCap.Enforce(managed);
    }

    /// <summary>Merges, prunes what the applier gave up, and settles ownership.</summary>
    /// <param name="live">Without managedFields.</param>
    /// <param name="managed">Changed in place when the apply succeeds.</param>
    /// <param name="conflicts">Not empty when the apply is refused.</param>
    /// <returns>The merged object, or null when the apply changes nothing or is refused.</returns>
    public static JsonObject? Apply(
        JsonObject live, JsonObject applied, Schema schema, ManagedFields managed, ManagerIdentity applier, string apiVersion, bool force, FieldSet ignored,
        out ApplyConflicts conflicts)
    {
        // 1. Lay the configuration over the live object.
        var merged = (JsonObject)live.DeepClone();
        Merging.Into(merged, applied, schema);

        // 2. Remove what the applier owned, states no longer, and nobody else owns.
        FieldSet wanted = OwnedFields.Of(applied, schema).RecursiveDifference(ignored);
        FieldSet before = managed.Find(applier)?.Fields.RecursiveDifference(ignored) ?? FieldSet.Empty;
        merged = Prune(merged, schema, before, wanted, managed, applier);

        // 3. See who else owns what this changes.
        Comparison comparison = Comparison.Of(live, merged, schema).Without(ignored);
        conflicts = new ApplyConflicts();
        foreach (ManagedEntry entry in managed.Entries.Where(e => e.Identity != applier))
        {
            FieldSet disputed = entry.Fields.Intersection(comparison.Changed);
            if (!disputed.IsEmpty)
            {
                conflicts.Add(entry.Identity, disputed);
            }
        }

        if (!force && !conflicts.IsEmpty)
        {
            return null;
        }

        // 4. Settle.
        FieldSet lost = comparison.Changed.Union(comparison.Removed);
        foreach (ManagedEntry entry in managed.Entries.Where(e => e.Identity != applier).ToList())
        {
            Lose(managed, entry, lost);
        }

        managed.Set(new ManagedEntry(applier, apiVersion, wanted.Difference(Unowned), managed.Find(applier)?.Time));
        return JsonNode.DeepEquals(live, merged) ? null : merged;
    }

    private static void Lose(ManagedFields managed, ManagedEntry entry, FieldSet lost)
    {
        FieldSet left = entry.Fields.Difference(lost);
        if (left.IsEmpty || !ReferenceEquals(left, entry.Fields))
        {
            managed.Set(entry with { Fields = left });
        }
    }

    private static JsonObject Prune(JsonObject merged, Schema schema, FieldSet before, FieldSet wanted, ManagedFields managed, ManagerIdentity applier)
    {
        if (before.Difference(wanted).IsEmpty)
        {
            return merged;
        }

        FieldSet last = OwnedFields.WithNamedParents(before, schema);
        FieldSet all = OwnedFields.WithNamedParents(OwnedFields.Of(merged, schema), schema);

        // 1. Without all that the applier owned.
        FieldSet remaining = FieldsAfter(merged, last, schema);

        // 2. With what anybody owns, the applier's new configuration included.
        FieldSet owned = managed.Entries.Where(e => e.Identity != applier).Aggregate(wanted, static (set, e) => set.Union(e.Fields));
        remaining = FieldsAfter(merged, all.Difference(remaining.Union(OwnedFields.WithNamedParents(owned, schema))), schema);

        // 3. With what nobody owns and the applier never owned: defaults that hang below, for one. What is still named and has nothing left is null,
        //    as upstream leaves it, to be defaulted or judged.
        Removal.From(merged, all.Difference(remaining).Intersection(last), schema);
        return merged;
    }

    private static FieldSet FieldsAfter(JsonObject merged, FieldSet removed, Schema schema)
    {
        var copy = (JsonObject)merged.DeepClone();
        Removal.From(copy, removed, schema);
        return OwnedFields.WithNamedParents(OwnedFields.Of(copy, schema), schema);
    }
}
