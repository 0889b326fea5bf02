namespace Orrery.Storage;

/// <summary>A node of <see cref="SortedTree{T}"/>. Never changed after it was made; never empty.</summary>
internal abstract class TreeNode<T>
    where T : class, IKeyed
{
    /// <summary>Items in this node and below.</summary>
    public abstract int Count { get; }

    /// <summary>The smallest key below.</summary>
    public abstract string FirstKey { get; }

    public abstract T? Find(string key);

    /// <summary>The node with the item in it, and the right half when it had to split.</summary>
    public abstract (TreeNode<T> Left, TreeNode<T>? Right) Set(T item);

    /// <summary>The node without a key that it does hold; null when nothing is left.</summary>
    public abstract TreeNode<T>? Remove(string key);

    /// <summary>One node of this and its right neighbour, or null when they do not fit into one.</summary>
    public abstract TreeNode<T>? MergeWith(TreeNode<T> right);

    /// <summary>
    /// Items before <paramref name="bound"/>; with <paramref name="withPrefixed"/> also those whose keys begin with it.
    /// </summary>
    public abstract int Rank(string bound, bool withPrefixed);

    /// <summary>Copies as many items as <paramref name="into"/> has room for, from the one at an index on.</summary>
    public abstract void CopyTo(int from, Span<T> into);

    protected static bool IsBefore(string key, string bound, bool withPrefixed) =>
        KeyOrder.Compare(key, bound) < 0 || (withPrefixed && key.StartsWith(bound, StringComparison.Ordinal));
}

internal sealed class TreeLeaf<T>(T[] items) : TreeNode<T>
    where T : class, IKeyed
{
    public const int Capacity = 32;

    public T[] Items { get; } = items;

    public override int Count => Items.Length;

    public override string FirstKey => Items[0].Key;

    public override T? Find(string key)
    {
        int at = IndexOf(key);
        return at >= 0 ? Items[at] : null;
    }

    public override (TreeNode<T> Left, TreeNode<T>? Right) Set(T item)
    {
        int at = IndexOf(item.Key);
        if (at >= 0)
        {
            var replaced = (T[])Items.Clone();
            replaced[at] = item;
            return (new TreeLeaf<T>(replaced), null);
        }

        T[] grown = [.. Items.AsSpan(0, ~at), item, .. Items.AsSpan(~at)];
        if (grown.Length <= Capacity)
        {
            return (new TreeLeaf<T>(grown), null);
        }

        // Keys that come in ascending order fill leaves instead of leaving them half empty.
        int half = ~at == Items.Length ? Items.Length : grown.Length / 2;
        return (new TreeLeaf<T>(grown[..half]), new TreeLeaf<T>(grown[half..]));
    }

    public override TreeNode<T>? Remove(string key)
    {
        int at = IndexOf(key);
        return Items.Length == 1 ? null : new TreeLeaf<T>([.. Items.AsSpan(0, at), .. Items.AsSpan(at + 1)]);
    }

    public override TreeNode<T>? MergeWith(TreeNode<T> right)
    {
        T[] other = ((TreeLeaf<T>)right).Items;
        return Items.Length + other.Length <= Capacity * 3 / 4 ? new TreeLeaf<T>([.. Items, .. other]) : null;
    }

    public override int Rank(string bound, bool withPrefixed)
    {
        int low = 0;
        int high = Items.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (IsBefore(Items[middle].Key, bound, withPrefixed))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    public override void CopyTo(int from, Span<T> into) => Items.AsSpan(from, into.Length).CopyTo(into);

    private int IndexOf(string key)
    {
        int low = 0;
        int high = Items.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            int order = KeyOrder.Compare(Items[middle].Key, key);
            if (order == 0)
            {
                return middle;
            }

            if (order < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return ~low;
    }
}

internal sealed class TreeBranch<T> : TreeNode<T>
    where T : class, IKeyed
{
    public const int Capacity = 32;

    private readonly string[] firstKeys;

    public TreeBranch(TreeNode<T>[] children)
    {
        Children = children;
        firstKeys = new string[children.Length];
        for (int i = 0; i < children.Length; i++)
        {
            firstKeys[i] = children[i].FirstKey;
            Count += children[i].Count;
        }
    }

    /// <summary>One of the same children but for one: its keys are not read again.</summary>
    private TreeBranch(TreeBranch<T> former, int at, TreeNode<T> child)
    {
        Children = (TreeNode<T>[])former.Children.Clone();
        Children[at] = child;
        Count = former.Count - former.Children[at].Count + child.Count;
        firstKeys = former.firstKeys;
        string first = child.FirstKey;
        if (!ReferenceEquals(first, firstKeys[at]))
        {
            firstKeys = (string[])firstKeys.Clone();
            firstKeys[at] = first;
        }
    }

    public TreeNode<T>[] Children { get; }

    public override int Count { get; }

    public override string FirstKey => firstKeys[0];

    public override T? Find(string key) => Children[ChildOf(key)].Find(key);

    public override (TreeNode<T> Left, TreeNode<T>? Right) Set(T item)
    {
        int at = ChildOf(item.Key);
        (TreeNode<T> left, TreeNode<T>? right) = Children[at].Set(item);
        if (right is null)
        {
            return (With(at, left), null);
        }

        TreeNode<T>[] grown = [.. Children.AsSpan(0, at), left, right, .. Children.AsSpan(at + 1)];
        if (grown.Length <= Capacity)
        {
            return (new TreeBranch<T>(grown), null);
        }

        int half = at == Children.Length - 1 ? Children.Length : grown.Length / 2;
        return (new TreeBranch<T>(grown[..half]), new TreeBranch<T>(grown[half..]));
    }

    public override TreeNode<T>? Remove(string key)
    {
        int at = ChildOf(key);
        TreeNode<T>? rest = Children[at].Remove(key);
        if (rest is null)
        {
            return Children.Length == 1 ? null : new TreeBranch<T>([.. Children.AsSpan(0, at), .. Children.AsSpan(at + 1)]);
        }

        if (at + 1 < Children.Length && rest.MergeWith(Children[at + 1]) is { } withNext)
        {
            return new TreeBranch<T>([.. Children.AsSpan(0, at), withNext, .. Children.AsSpan(at + 2)]);
        }

        if (at > 0 && Children[at - 1].MergeWith(rest) is { } withPrevious)
        {
            return new TreeBranch<T>([.. Children.AsSpan(0, at - 1), withPrevious, .. Children.AsSpan(at + 1)]);
        }

        return With(at, rest);
    }

    public override TreeNode<T>? MergeWith(TreeNode<T> right)
    {
        TreeNode<T>[] other = ((TreeBranch<T>)right).Children;
        return Children.Length + other.Length <= Capacity * 3 / 4 ? new TreeBranch<T>([.. Children, .. other]) : null;
    }

    public override int Rank(string bound, bool withPrefixed)
    {
        // Only the last child that begins before the bound can hold keys on both sides of it.
        int last = Children.Length - 1;
        while (last > 0 && !IsBefore(firstKeys[last], bound, withPrefixed))
        {
            last--;
        }

        int rank = Children[last].Rank(bound, withPrefixed);
        for (int i = 0; i < last; i++)
        {
            rank += Children[i].Count;
        }

        return rank;
    }

    public override void CopyTo(int from, Span<T> into)
    {
        foreach (TreeNode<T> child in Children)
        {
            int here = Math.Min(child.Count - from, into.Length);
            if (here > 0)
            {
                child.CopyTo(from, into[..here]);
                into = into[here..];
            }

            if (into.IsEmpty)
            {
                return;
            }

            from = Math.Max(0, from - child.Count);
        }
    }

    /// <summary>The child that holds the key, or would: the last that begins at or before it.</summary>
    public int ChildOf(string key)
    {
        int low = 0;
        int high = firstKeys.Length - 1;
        while (low < high)
        {
            int middle = (low + high + 1) >>> 1;
            if (KeyOrder.Compare(firstKeys[middle], key) <= 0)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }

    private TreeBranch<T> With(int at, TreeNode<T> child) => new(this, at, child);
}
