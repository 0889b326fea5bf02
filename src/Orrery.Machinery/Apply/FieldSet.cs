namespace Orrery.Machinery.Apply;

/// <summary>One step below a set's root.</summary>
/// <param name="IsMember">The path that ends here belongs to the set.</param>
/// <param name="Children">What lies below; empty when nothing does.</param>
internal readonly record struct FieldEntry(PathElement Element, bool IsMember, FieldSet Children);

/// <summary>
/// A set of field paths: an immutable tree, sorted, in which every entry is a member or has members below.
/// Operations share what they do not change.
/// </summary>
internal sealed class FieldSet : IEquatable<FieldSet>
{
    public static readonly FieldSet Empty = new([]);

    private readonly FieldEntry[] entries;

    /// <param name="entries">Sorted, without duplicates, each a member or with children.</param>
    private FieldSet(FieldEntry[] entries)
    {
        this.entries = entries;
    }

    public ReadOnlySpan<FieldEntry> Entries => entries;

    public bool IsEmpty => entries.Length == 0;

    /// <summary>As the other one; what is there already in order, as it nearly always is, is copied once.</summary>
    public static FieldSet From(ReadOnlySpan<FieldEntry> list)
    {
        for (int i = 0; i < list.Length; i++)
        {
            if ((!list[i].IsMember && list[i].Children.IsEmpty) || (i > 0 && list[i - 1].Element.CompareTo(list[i].Element) >= 0))
            {
                var all = new List<FieldEntry>(list.Length);
                all.AddRange(list);
                return From(all);
            }
        }

        return list.IsEmpty ? Empty : new FieldSet(list.ToArray());
    }

    /// <summary>Takes entries in any order; those of the same element are united, those that say nothing are left out.</summary>
    public static FieldSet From(List<FieldEntry> list)
    {
        list.RemoveAll(static e => !e.IsMember && e.Children.IsEmpty);
        if (list.Count == 0)
        {
            return Empty;
        }

        bool sorted = true;
        for (int i = 1; i < list.Count && sorted; i++)
        {
            sorted = list[i - 1].Element.CompareTo(list[i].Element) < 0;
        }

        if (sorted)
        {
            return new FieldSet([.. list]);
        }

        list.Sort(static (a, b) => a.Element.CompareTo(b.Element));
        var unique = new List<FieldEntry>(list.Count);
        foreach (FieldEntry entry in list)
        {
            if (unique.Count > 0 && unique[^1].Element.Equals(entry.Element))
            {
                unique[^1] = new FieldEntry(entry.Element, unique[^1].IsMember || entry.IsMember, unique[^1].Children.Union(entry.Children));
            }
            else
            {
                unique.Add(entry);
            }
        }

        return new FieldSet([.. unique]);
    }

    /// <summary>The set of one path of member names.</summary>
    public static FieldSet OfNames(params ReadOnlySpan<string> names)
    {
        FieldSet below = Empty;
        for (int i = names.Length - 1; i >= 0; i--)
        {
            below = new FieldSet([new FieldEntry(PathElement.OfField(names[i]), i == names.Length - 1, below)]);
        }

        return below;
    }

    /// <summary>The entry of an element; not a member and without children when there is none.</summary>
    public FieldEntry Find(PathElement element)
    {
        int low = 0, high = entries.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            int order = entries[middle].Element.CompareTo(element);
            if (order == 0)
            {
                return entries[middle];
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return new FieldEntry(element, false, Empty);
    }

    public FieldSet Union(FieldSet other) =>
        ReferenceEquals(this, other) || other.IsEmpty ? this : IsEmpty ? other : Combine(other, true, true, static (a, b) => (a.IsMember || b.IsMember, a.Children.Union(b.Children)));

    public FieldSet Intersection(FieldSet other) =>
        ReferenceEquals(this, other) ? this : IsEmpty || other.IsEmpty ? Empty : Combine(other, false, false, static (a, b) => (a.IsMember && b.IsMember, a.Children.Intersection(b.Children)));

    /// <summary>Path by path: a parent in the other set does not take its children away.</summary>
    public FieldSet Difference(FieldSet other) =>
        IsEmpty || other.IsEmpty ? this : Combine(other, true, false, static (a, b) => (a.IsMember && !b.IsMember, a.Children.Difference(b.Children)));

    /// <summary>As <see cref="Difference"/>, but a member of the other set takes all below it away too.</summary>
    public FieldSet RecursiveDifference(FieldSet other) =>
        IsEmpty || other.IsEmpty ? this : Combine(other, true, false, static (a, b) => b.IsMember ? (false, Empty) : (a.IsMember, a.Children.RecursiveDifference(b.Children)));

    /// <summary>Calls for every member with its path as text, members of a level before what lies deeper, as upstream lists conflicts.</summary>
    public void ForEachPath(string prefix, Action<string> visit)
    {
        foreach (FieldEntry entry in entries)
        {
            if (entry.IsMember)
            {
                visit(prefix + entry.Element);
            }
        }

        foreach (FieldEntry entry in entries)
        {
            if (!entry.Children.IsEmpty)
            {
                entry.Children.ForEachPath(prefix + entry.Element, visit);
            }
        }
    }

    public bool Equals(FieldSet? other)
    {
        if (ReferenceEquals(this, other))
        {
            return true;
        }

        if (other is null || entries.Length != other.entries.Length)
        {
            return false;
        }

        for (int i = 0; i < entries.Length; i++)
        {
            if (entries[i].IsMember != other.entries[i].IsMember || !entries[i].Element.Equals(other.entries[i].Element) || !entries[i].Children.Equals(other.entries[i].Children))
            {
                return false;
            }
        }

        return true;
    }

    public override bool Equals(object? obj) => obj is FieldSet other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(entries.Length, IsEmpty ? 0 : entries[0].Element.GetHashCode());

    public override string ToString()
    {
        var paths = new List<string>();
        ForEachPath("", paths.Add);
        return string.Join('\n', paths);
    }

    private FieldSet Combine(FieldSet other, bool keepOnlyMine, bool keepOnlyOther, Func<FieldEntry, FieldEntry, (bool IsMember, FieldSet Children)> both)
    {
        List<FieldEntry>? result = null;
        bool same = true;
        int i = 0, j = 0;
        while (i < entries.Length || j < other.entries.Length)
        {
            int order = i == entries.Length ? 1 : j == other.entries.Length ? -1 : entries[i].Element.CompareTo(other.entries[j].Element);
            FieldEntry entry;
            bool keep;
            if (order < 0)
            {
                (entry, keep) = (entries[i++], keepOnlyMine);
                same &= keep;
            }
            else if (order > 0)
            {
                (entry, keep) = (other.entries[j++], keepOnlyOther);
                same &= !keep;
            }
            else
            {
                FieldEntry mine = entries[i++];
                (bool isMember, FieldSet children) = both(mine, other.entries[j++]);
                entry = new FieldEntry(mine.Element, isMember, children);
                keep = isMember || !children.IsEmpty;
                same &= isMember == mine.IsMember && ReferenceEquals(children, mine.Children);
            }

            if (keep)
            {
                (result ??= new List<FieldEntry>(entries.Length)).Add(entry);
            }
        }

        return same ? this : result is null ? Empty : new FieldSet([.. result]);
    }
}
