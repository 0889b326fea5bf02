using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Storage;

namespace Orrery.Server.Registry;

/// <summary>Marks objects of root on their way from a backup into a store, before any server shows them.</summary>
/// <param name="resource">Objects of it are marked, all others pass as they are.</param>
/// <param name="name">Of the annotation.</param>
/// <param name="value">Of the annotation.</param>
public sealed class RestoredAnnotation(GroupResource resource, string name, string value)
{
    /// <summary>How many were marked.</summary>
    public int Marked { get; private set; }

    /// <summary>Keys of those that could not be: they are encrypted, and the keys of that are the servers'.</summary>
    public IReadOnlyList<string> Unmarked => unmarked;

    private readonly List<string> unmarked = [];

    public async IAsyncEnumerable<StoredValue> PutAsync(IAsyncEnumerable<StoredValue> items, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string prefix = StoreKey.Prefix(resource, ClusterName.Root);
        await foreach (StoredValue item in items.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            yield return item.Key.StartsWith(prefix, StringComparison.Ordinal) ? Put(item) : item;
        }
    }

    /// <summary>Marks those that a store holds and that bear no such mark yet.</summary>
    /// <exception cref="StoreException">The store failed; some may be marked.</exception>
    public async Task PutIntoAsync(IStore store, CancellationToken cancellationToken)
    {
        foreach (StoredValue item in (await store.RangeAsync(StoreKey.Prefix(resource, ClusterName.Root), null, 0, 0, cancellationToken).ConfigureAwait(false)).Items)
        {
            StoredValue? now = item;
            while (now is not null && !IsMarked(now))
            {
                CommitResult commit = await store.CommitAsync(new Transaction([new Condition(now.Key, now.ModRevision)], [new Write(now.Key, Put(now).Value)]), cancellationToken).ConfigureAwait(false);
                now = commit.Succeeded ? null : commit.Actual;
            }
        }
    }

    private bool IsMarked(StoredValue item) =>
        JsonNode.Parse(item.Value.Span, null, KubeJson.DocumentOptions) is JsonObject json && json["metadata"]?["annotations"]?[name] is not null;

    private StoredValue Put(StoredValue item)
    {
        if (item.Value.Span is not [(byte)'{', ..])
        {
            unmarked.Add(item.Key);
            return item;
        }

        JsonObject json = JsonNode.Parse(item.Value.Span, null, KubeJson.DocumentOptions)!.AsObject();
        json.ObjectAt("metadata").ObjectAt("annotations")[name] = value;
        Marked++;
        return item with { Value = KubeJson.ToUtf8(json) };
    }
}
