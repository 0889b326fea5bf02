using System.Collections;

namespace Orrery.Storage;

/// <summary>A stretch of a <see cref="SortedTree{T}"/>; each enumeration walks it once with a small stack.</summary>
public sealed class TreeRange<T> : IEnumerable<T>
    where T : class, IKeyed
{
    private readonly TreeNode<T>? root;
    private readonly string prefix;
    private readonly string? startAfter;

    internal TreeRange(TreeNode<T>? root, string prefix, string? startAfter)
    {
        this.root = root;
        this.prefix = prefix;
        this.startAfter = startAfter;
    }

    public IEnumerator<T> GetEnumerator()
    {
        if (root is null)
        {
            yield break;
        }

        // 1. Descend to the leaf that holds the first key at or after where the range begins.
        bool seek = startAfter is not null && KeyOrder.Compare(startAfter, prefix) > 0;
        string from = seek ? startAfter! : prefix;
        var path = new Stack<(TreeBranch<T> Branch, int Next)>();
        TreeNode<T> node = root;
        while (node is TreeBranch<T> branch)
        {
            int child = branch.ChildOf(from);
            path.Push((branch, child + 1));
            node = branch.Children[child];
        }

        // 2. Skip what stands before, then walk leaf by leaf until a key leaves the prefix.
        var leaf = (TreeLeaf<T>)node;
        int at = leaf.Rank(from, withPrefixed: false);
        if (seek && at < leaf.Count && leaf.Items[at].Key == startAfter)
        {
            at++;
        }

        while (true)
        {
            for (; at < leaf.Items.Length; at++)
            {
                T item = leaf.Items[at];
                if (!item.Key.StartsWith(prefix, StringComparison.Ordinal))
                {
                    yield break;
                }

                yield return item;
            }

            if (NextLeaf(path) is not { } next)
            {
                yield break;
            }

            leaf = next;
            at = 0;
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static TreeLeaf<T>? NextLeaf(Stack<(TreeBranch<T> Branch, int Next)> path)
    {
        while (path.TryPop(out (TreeBranch<T> Branch, int Next) top))
        {
            if (top.Next == top.Branch.Children.Length)
            {
                continue;
            }

            path.Push((top.Branch, top.Next + 1));
            TreeNode<T> node = top.Branch.Children[top.Next];
            while (node is TreeBranch<T> branch)
            {
                path.Push((branch, 1));
                node = branch.Children[0];
            }

            return (TreeLeaf<T>)node;
        }

        return null;
    }
}
