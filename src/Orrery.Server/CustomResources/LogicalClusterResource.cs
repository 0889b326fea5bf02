using System.Collections.Frozen;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Machinery.Schemas;
using Orrery.Server.Discovery;
using Orrery.Server.Registry;

namespace Orrery.Server.CustomResources;

/// <summary>
/// LogicalCluster, built in and in root only: while <c>{namespace}/{name}</c> exists, <c>/clusters/{namespace}/{name}</c>
/// is served. The virtual cluster controller writes it, nobody else should.
/// </summary>
internal static class LogicalClusterResource
{
    /// <summary>Holds the object until everything in its cluster is gone.</summary>
    public const string PurgeFinalizer = "internal.orrery.dev/purge";

    private static readonly GroupVersionKind Kind = new(OrreryResources.InternalGroup, OrreryResources.Version, "LogicalCluster");

    private static readonly Lazy<Schema> Shape = new(() => CustomSchema.Parse((JsonObject)JsonNode.Parse(
        """{"type":"object","properties":{"spec":{"type":"object"}}}""")!));

    public static readonly ResourceDefinition Definition = new(() => Shape.Value)
    {
        Resource = OrreryResources.LogicalClusters,
        Kind = Kind,
        ListKind = "LogicalClusterList",
        Singular = "logicalcluster",
        Namespaced = true,
        IsCustom = true,
        Verbs = FrozenSet.ToFrozenSet(["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]),
        Strategy = new Strategy(),
    };

    public static readonly ApiGroupSurface Surface =
        new(OrreryResources.InternalGroup, [new ApiVersionSurface(OrreryResources.Version, [BuiltinResources.SurfaceOf(Definition)])]);

    private sealed class Strategy() : CustomStrategy(Kind, isNamespaced: true, hasStatus: false, scale: null, () => Shape.Value)
    {
        /// <summary>As with every built-in kind the endpoint says what it takes.</summary>
        public override IReadOnlyList<string> Decode(JsonObject json, ReadOnlySpan<byte> utf8)
        {
            json["apiVersion"] ??= Kind.ApiVersion;
            json["kind"] ??= Kind.Kind;
            return base.Decode(json, utf8);
        }

        public override void PrepareForCreate(JsonObject json)
        {
            base.PrepareForCreate(json);
            Finalizers.Add(json, PurgeFinalizer);
        }
    }
}
