using System.Buffers;
using Orrery.Api;
using Orrery.Storage;

namespace Orrery.Server.Cache;

/// <summary>One version of one object as clients get it: immutable, encoded once, shared by every reader and watcher.</summary>
internal sealed class CachedObject : IKeyed
{
    /// <summary>The bytes, or a <see cref="DeltaBytes"/>.</summary>
    private readonly object kept;
    private readonly KeyParts parts;
    private readonly int metadataAt;
    private LabelSet? labels;

    private CachedObject(string key, KeyParts parts, object kept, int metadataAt, long revision, long createRevision)
    {
        Key = key;
        this.parts = parts;
        this.kept = kept;
        this.metadataAt = metadataAt;
        Revision = revision;
        CreateRevision = createRevision;
    }

    /// <summary>The whole <see cref="StoreKey"/>.</summary>
    public string Key { get; }

    /// <summary>The object's resourceVersion; for the last state in a deletion, the revision of the deletion.</summary>
    public long Revision { get; }

    /// <summary>The revision that made the object.</summary>
    public long CreateRevision { get; }

    /// <summary>The complete object in UTF-8, with <c>metadata.resourceVersion</c>. Of an object that is kept as a difference, a new copy at each call.</summary>
    public ReadOnlyMemory<byte> Json => Bytes;

    /// <summary>Of <see cref="Json"/>.</summary>
    public int Length => kept is DeltaBytes delta ? delta.Length : Bytes.Length;

    /// <summary>Bytes that keeping this object takes.</summary>
    public int Kept => kept is DeltaBytes delta ? delta.Kept : Bytes.Length;

    /// <summary><c>-</c> for root, <c>acme:shop</c> for the virtual cluster acme/shop.</summary>
    public ReadOnlySpan<char> ClusterSegment => Key.AsSpan(parts.Cluster, parts.Namespace - parts.Cluster - 1);

    public ClusterName Cluster => StoreKey.ParseCluster(ClusterSegment);

    /// <summary>Empty for an object outside namespaces.</summary>
    public string Namespace => StoreKey.ParseNamespace(Key.AsSpan(parts.Namespace, parts.Name - parts.Namespace - 1));

    public string Name => Key[parts.Name..];

    /// <summary><c>metadata.labels</c>, read from the bytes at the first call.</summary>
    public LabelSet Labels => labels ??= LabelSet.Read(Bytes, metadataAt);

    /// <summary>The schema by which the bytes are known to lack no default; null while nobody has looked. Schemas are told apart by reference.</summary>
    public object? CompleteBy { get; set; }

    /// <summary>Key prefix of everything of this resource in the same namespace and cluster.</summary>
    internal ReadOnlySpan<char> NamespacePrefix => Key.AsSpan(0, parts.Name);

    /// <summary>Key prefix of everything of this resource in the same cluster.</summary>
    internal ReadOnlySpan<char> ClusterPrefix => Key.AsSpan(0, parts.Namespace);

    private byte[] Bytes => kept as byte[] ?? ((DeltaBytes)kept).ToArray();

    /// <param name="value">The stored bytes, which carry no resourceVersion.</param>
    /// <param name="like">Where to look for what the object may be kept as a difference from; null keeps it whole.</param>
    /// <returns>Null when the key is not that of an object.</returns>
    /// <exception cref="FormatException">The value is not a JSON object with metadata.</exception>
    public static CachedObject? From(StoredValue value, LikeObjects? like = null)
    {
        if (!KeyParts.TryParse(value.Key, out KeyParts parts))
        {
            return null;
        }

        ObjectBytes bytes = ObjectBytes.WithRevision(value.Value.Span, value.ModRevision);
        return new CachedObject(value.Key, parts, like is null ? bytes.Json : like.Keep(bytes.Json), bytes.MetadataAt, value.ModRevision, value.CreateRevision);
    }

    /// <summary>The same state under the revision that deleted it.</summary>
    public CachedObject AsDeleted(long revision)
    {
        byte[] json = ObjectBytes.ReplaceRevision(Bytes, metadataAt, Revision, revision).Json;
        object deleted = kept is DeltaBytes delta && DeltaBytes.Between(delta, json, json.Length / 4) is { } difference ? difference : json;
        return new CachedObject(Key, parts, deleted, metadataAt, revision, CreateRevision) { labels = labels };
    }

    /// <summary>The object with <c>metadata.clusterName</c>, as answers over all clusters carry it; unchanged in root. A new buffer at each call: prefer <see cref="WriteTo"/>.</summary>
    public ReadOnlyMemory<byte> JsonWithClusterName()
    {
        byte[] json = Bytes;
        if (Cluster.IsRoot)
        {
            return json;
        }

        var buffer = new ArrayBufferWriter<byte>(json.Length + parts.Namespace - parts.Cluster + 20);
        WriteTo(buffer, withClusterName: true);
        return buffer.WrittenMemory;
    }

    /// <summary>
    /// Copies the object without its apiVersion and kind, as items of built-in lists are written: those come before metadata
    /// in what is stored.
    /// </summary>
    public void WriteItemTo(IBufferWriter<byte> output)
    {
        ReadOnlySpan<byte> rest = Bytes.AsSpan(metadataAt - ObjectBytes.MetadataOpening.Length);
        Span<byte> to = output.GetSpan(rest.Length + 1);
        to[0] = (byte)'{';
        rest.CopyTo(to[1..]);
        output.Advance(rest.Length + 1);
    }

    /// <summary>Copies the object, without any allocation where it is kept whole.</summary>
    public void WriteTo(IBufferWriter<byte> output, bool withClusterName = false)
    {
        byte[] json = Bytes;
        ReadOnlySpan<char> cluster = ClusterSegment;
        int colon = withClusterName ? cluster.IndexOf(':') : -1;
        if (colon < 0)
        {
            output.Write(json);
            return;
        }

        output.Write(json.AsSpan(0, metadataAt));
        ObjectBytes.WriteClusterName(output, cluster[..colon], cluster[(colon + 1)..]);
        output.Write(json.AsSpan(metadataAt));
    }
}
