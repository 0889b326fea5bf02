using System.Collections;

namespace Orrery.Storage;

/// <summary>An item that is found by its key.</summary>
public interface IKeyed
{
    string Key { get; }
}

/// <summary>
/// An immutable map in key order: an edit copies one path from the root and shares the rest, so that holding an old
/// root is a consistent snapshot for free.
/// <para>
/// A B-tree of its own because the framework's sorted immutable collections cannot seek to a key, and cost a node
/// for each item; here an item costs little more than one reference. Branches know how many items they hold, which
/// makes counting a prefix as cheap as finding it.
/// </para>
/// </summary>
public sealed class SortedTree<T> : IEnumerable<T>
    where T : class, IKeyed
{
    public static readonly SortedTree<T> Empty = new(null);

    private readonly TreeNode<T>? root;

    private SortedTree(TreeNode<T>? root)
    {
        this.root = root;
    }

    public int Count => root?.Count ?? 0;

    /// <summary>Builds a tree of items that are in key order already, without repeats.</summary>
    public static SortedTree<T> FromSorted(ReadOnlySpan<T> items) => new(TreeBuilder.Build(items));

    public T? Find(string key) => root?.Find(key);

    /// <summary>Adds the item, in place of one with its key.</summary>
    public SortedTree<T> Set(T item)
    {
        if (root is null)
        {
            return new SortedTree<T>(new TreeLeaf<T>([item]));
        }

        (TreeNode<T> left, TreeNode<T>? right) = root.Set(item);
        return new SortedTree<T>(right is null ? left : new TreeBranch<T>([left, right]));
    }

    /// <summary>Removes the item of that key; the same tree when there is none.</summary>
    public SortedTree<T> Remove(string key)
    {
        if (root?.Find(key) is null)
        {
            return this;
        }

        TreeNode<T>? rest = root.Remove(key);
        while (rest is TreeBranch<T> { Children.Length: 1 } branch)
        {
            rest = branch.Children[0];
        }

        return rest is null ? Empty : new SortedTree<T>(rest);
    }

    /// <summary>How many keys begin with the prefix and come after <paramref name="startAfter"/> where one is given.</summary>
    public int CountPrefix(string prefix, string? startAfter = null)
    {
        if (root is null)
        {
            return 0;
        }

        int before = root.Rank(prefix, withPrefixed: false);
        int end = root.Rank(prefix, withPrefixed: true);

        // The smallest key after another is that key and a zero character.
        return end - (startAfter is null ? before : Math.Clamp(root.Rank(startAfter + '\0', withPrefixed: false), before, end));
    }

    /// <summary>Items whose keys begin with the prefix, in key order, after <paramref name="startAfter"/> where one is given.</summary>
    public TreeRange<T> Range(string prefix, string? startAfter = null) => new(root, prefix, startAfter);

    /// <summary>The same items as <see cref="Range"/>, all at once: whole leaves are copied, keys are not looked at.</summary>
    public T[] ToArray(string prefix, string? startAfter = null)
    {
        int count = CountPrefix(prefix, startAfter);
        if (count == 0)
        {
            return [];
        }

        var items = new T[count];
        int end = root!.Rank(prefix, withPrefixed: true);
        root.CopyTo(end - count, items);
        return items;
    }

    public IEnumerator<T> GetEnumerator() => Range("").GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static class TreeBuilder
    {
        public static TreeNode<T>? Build(ReadOnlySpan<T> items)
        {
            if (items.IsEmpty)
            {
                return null;
            }

            var level = new List<TreeNode<T>>((items.Length / TreeLeaf<T>.Capacity) + 1);
            for (int at = 0; at < items.Length; at += TreeLeaf<T>.Capacity)
            {
                level.Add(new TreeLeaf<T>(items.Slice(at, Math.Min(TreeLeaf<T>.Capacity, items.Length - at)).ToArray()));
            }

            while (level.Count > 1)
            {
                level = [.. level.Chunk(TreeBranch<T>.Capacity).Select(children => new TreeBranch<T>(children))];
            }

            return level[0];
        }
    }
}
