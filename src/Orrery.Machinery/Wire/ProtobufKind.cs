using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Wire;

/// <summary>
/// A kind that has a form in Kubernetes' binary encoding, and the envelope that its objects go in: four magic bytes, then apimachinery's <c>runtime.Unknown</c>
/// with typeMeta = 1 (apiVersion = 1, kind = 2), raw = 2, and the empty contentEncoding = 3 and contentType = 4. Shared by all who use it.
/// </summary>
public sealed class ProtobufKind
{
    /// <summary>Bytes in front of an item of a list, at most.</summary>
    public const int LongestItemHead = 1 + WireBytes.LongestVarint;

    private const string Meta = BuiltinTypes.Stem + "apimachinery.pkg.apis.meta.v1.";
    private const string OldMeta = BuiltinTypes.Stem + "apimachinery.pkg.apis.meta.v1beta1.";
    private const string AggregatedDiscovery = BuiltinTypes.Stem + "api.apidiscovery.";

    private static readonly ConcurrentDictionary<GroupVersionKind, ProtobufKind?> Known = new();

    /// <summary>All up to the length of the message.</summary>
    private readonly byte[] head;

    private ProtobufKind(string apiVersion, string kind, WireMessage message)
    {
        Message = message;
        byte[] version = Encoding.UTF8.GetBytes(apiVersion), name = Encoding.UTF8.GetBytes(kind);
        byte[] type = [0x0a, (byte)version.Length, .. version, 0x12, (byte)name.Length, .. name];
        head = [.. KubernetesProtobuf.Magic, 0x0a, (byte)type.Length, .. type, 0x12];
    }

    /// <summary>What stands behind the message.</summary>
    public static ReadOnlySpan<byte> Tail => [0x1a, 0, 0x22, 0];

    internal WireMessage Message { get; }

    internal ReadOnlySpan<byte> Head => head;

    /// <summary>A built-in kind, a list of one, or a kind of the machinery: Status, PartialObjectMetadata, documents of discovery.</summary>
    /// <returns>Null for a kind without binary form.</returns>
    public static ProtobufKind? Find(GroupVersionKind kind) => Known.TryGetValue(kind, out ProtobufKind? found) ? found : Make(kind);

    /// <summary>Whether the items of a list stand in front of its metadata.</summary>
    public bool HasItemsFirst => Message.Fields[0].Name == "items";

    /// <summary>Bytes of an item of that many, with what stands before it in a list.</summary>
    public int ItemLength(int item) => 1 + WireBytes.VarintLength((ulong)item) + item;

    /// <summary>Writes what stands before an item of a list: its tag, and its length.</summary>
    /// <param name="to">Room for <see cref="LongestItemHead"/>.</param>
    /// <returns>Bytes that were written.</returns>
    public int WriteItemHead(Span<byte> to, int item)
    {
        // items = 2, or 1 where they come first: a tag of one byte in every list.
        to[0] = HasItemsFirst ? (byte)0x0a : (byte)0x12;
        return 1 + WireBytes.Varint(to[1..], (ulong)item);
    }

    /// <summary>Bytes of the envelope around a message of that many.</summary>
    public long EnvelopeLength(long length) => head.Length + WireBytes.VarintLength((ulong)length) + Tail.Length;

    /// <summary>All of the envelope that stands before its message; <see cref="Tail"/> comes behind.</summary>
    public void WriteHead(IBufferWriter<byte> output, long length)
    {
        output.Write(head);
        output.Advance(WireBytes.Varint(output.GetSpan(WireBytes.LongestVarint), (ulong)length));
    }

    private static ProtobufKind? Make(GroupVersionKind kind)
    {
        // What anybody may ask for is not remembered: there is no end to it.
        string? type = BuiltinTypes.Instance.Kinds.TryGetValue(kind, out string? builtin) ? builtin : kind switch
        {
            { Group: "meta.k8s.io", Version: "v1" or "v1beta1", Kind: "PartialObjectMetadata" } => Meta + kind.Kind,
            { Group: "meta.k8s.io", Version: "v1", Kind: "PartialObjectMetadataList" } => Meta + kind.Kind,
            { Group: "meta.k8s.io", Version: "v1beta1", Kind: "PartialObjectMetadataList" } => OldMeta + kind.Kind,
            { Group: "", Version: "v1" or "", Kind: "Status" or "APIGroup" or "APIGroupList" or "APIResourceList" or "APIVersions" } => Meta + kind.Kind,
            { Group: "apidiscovery.k8s.io", Version: "v2" or "v2beta1", Kind: "APIGroupDiscoveryList" } => $"{AggregatedDiscovery}{kind.Version}.{kind.Kind}",
            _ => null,
        };
        return type is not null && WireNumbers.Find(type) is { } message ? Known.GetOrAdd(kind, new ProtobufKind(kind.ApiVersion, kind.Kind, message)) : null;
    }
}
