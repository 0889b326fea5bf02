using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Mirror;

/// <summary>One mirrored object of a virtual cluster, as it is to stand there.</summary>
/// <param name="Kind"><c>Pod</c>, <c>Event</c>, or one of <see cref="MirroredKind.All"/>.</param>
internal readonly record struct MirrorKey(string Kind, ObjectKey Object)
{
    public override string ToString() => $"{Kind} {Object}";
}

/// <summary>Finds Observations by what they become.</summary>
internal sealed class ObservationDirectory
{
    private const string ByMirror = "mirror";
    private const string NodesOf = "nodes";

    public ObservationDirectory(Informer observations)
    {
        Informer = observations;
        observations.AddIndex(ByMirror, o => KeyOf(o) is { } key ? [key.ToString()] : []);
        observations.AddIndex(NodesOf, o => IsNode(o) ? [DataPlaneOf(o)] : []);
    }

    public Informer Informer { get; }

    public KubeObject? Find(MirrorKey key) => Informer.ByIndex(ByMirror, key.ToString()) is [var first, ..] ? first : null;

    public IReadOnlyList<KubeObject> Nodes(string dataPlane) => Informer.ByIndex(NodesOf, dataPlane);

    public IEnumerable<MirrorKey> Keys() => Informer.All().Select(KeyOf).OfType<MirrorKey>();

    public static bool IsNode(KubeObject observation) => SourceReference.Of(observation) is { Kind: "Node" };

    /// <returns>Null for a node, which is mirrored into many clusters, and for what says no virtual cluster.</returns>
    public static MirrorKey? KeyOf(KubeObject observation) =>
        SourceReference.Of(observation) is { Cluster.IsRoot: false } source && (source.Kind is "Pod" or "Event" || MirroredKind.Find(source.Kind) is not null)
            ? new MirrorKey(source.Kind, new ObjectKey(source.Cluster, source.Namespace, MirrorNames.Mirrored(source.Name, DataPlaneOf(observation))))
            : null;

    public static string DataPlaneOf(KubeObject observation) =>
        observation.Namespace.StartsWith(OrreryNames.DataPlaneNamespacePrefix, StringComparison.Ordinal)
            ? observation.Namespace[OrreryNames.DataPlaneNamespacePrefix.Length..]
            : "";

    /// <summary>The object as it is in its data plane, to be edited; null when the Observation holds none.</summary>
    public static JsonObject? ObjectOf(KubeObject observation) =>
        observation.At("spec", "object") is { ValueKind: JsonValueKind.Object } found ? KubeJson.ToNode(found)!.AsObject() : null;
}
