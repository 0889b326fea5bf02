using System.Collections.Frozen;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Server.Registry;

/// <summary>Built-in kinds: types from the catalogue, behaviour from Machinery.Kinds.</summary>
internal class BuiltinStrategy(GroupVersionKind kind, bool hasStatus, Func<Schema> schema) : IResourceStrategy
{
    /// <summary>Kinds whose registry strategy upstream says so (AllowCreateOnUpdate).</summary>
    private static readonly FrozenSet<string> CreatedOnUpdate = FrozenSet.ToFrozenSet(
        ["Service", "Endpoints", "EndpointSlice", "Event", "Lease", "LimitRange", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "PriorityClass", "CSINode"]);

    /// <summary>Kinds of which a PUT must name the resourceVersion it is based on.</summary>
    private static readonly FrozenSet<string> ConditionalOnly = FrozenSet.ToFrozenSet(
        ["Lease", "PodDisruptionBudget", "CustomResourceDefinition", "LogicalCluster"]);

    private static readonly FrozenSet<string> DeletedIsReturned = FrozenSet.ToFrozenSet(
        ["Pod", "Service", "ServiceAccount", "PersistentVolume", "PersistentVolumeClaim", "PodTemplate", "ResourceQuota", "StorageClass", "VolumeAttachment", "CSIDriver", "CSINode", "Namespace", "CustomResourceDefinition"]);

    protected GroupVersionKind Kind => kind;

    protected Schema Schema => schema();

    public bool AllowCreateOnUpdate => CreatedOnUpdate.Contains(kind.Kind);

    public bool AllowUnconditionalUpdate => !ConditionalOnly.Contains(kind.Kind);

    public bool ReturnDeletedObject => DeletedIsReturned.Contains(kind.Kind);

    public virtual bool IsDeletedByFinalizer => kind.Kind == "Namespace";

    public IReadOnlyCollection<string>? SelectableFields => null;

    public virtual IReadOnlyList<string> Decode(JsonObject json, ReadOnlySpan<byte> utf8)
    {
        return [];
    }

    public virtual void Default(JsonObject json)
    {
    }

    public virtual void PrepareForCreate(JsonObject json) { }

    public virtual void PrepareForUpdate(JsonObject json, JsonObject old, string subresource) { }

    public virtual void PrepareForDelete(JsonObject json, string now)
    {
        if (kind.Kind == "Namespace")
        {
            json.ObjectAt("status")["phase"] = "Terminating";
        }
    }

    public virtual IReadOnlyList<FieldError> ValidateCreate(JsonObject json) => [];

    public virtual IReadOnlyList<FieldError> ValidateUpdate(JsonObject json, JsonObject old, string subresource) => [];

    public IReadOnlyList<string> ResetFields(string subresource) => subresource switch
    {
        "status" => ["spec"],
        "" when hasStatus => ["status"],
        _ => [],
    };
}
