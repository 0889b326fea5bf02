using System.Collections.Frozen;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;
using Orrery.Machinery.Kinds.Warnings;
using Orrery.Machinery.Schemas;

namespace Orrery.Server.Registry;

/// <summary>Built-in kinds: types from the catalogue, behaviour from <see cref="KindRules"/>.</summary>
internal class BuiltinStrategy(GroupVersionKind kind, bool isNamespaced, bool hasStatus, Func<Schema> schema) : IResourceStrategy
{
    /// <summary>Kinds of which a PUT must name the resourceVersion it is based on.</summary>
    private static readonly FrozenSet<string> ConditionalOnly = FrozenSet.ToFrozenSet(
        [
            "APIService", "CSIDriver", "CSINode", "CSIStorageCapacity", "CustomResourceDefinition", "Lease", "LogicalCluster", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding",
            "MutatingWebhookConfiguration", "PodDisruptionBudget", "RuntimeClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration", "VolumeAttachment",
        ]);

    private static readonly FrozenSet<string> DeletedIsReturned = FrozenSet.ToFrozenSet(
        ["Pod", "Service", "ServiceAccount", "PersistentVolume", "PersistentVolumeClaim", "PodTemplate", "ResourceQuota", "StorageClass", "VolumeAttachment", "CSIDriver", "CSINode", "Namespace", "CustomResourceDefinition"]);

    private readonly string apiVersion = kind.ApiVersion;

    protected GroupVersionKind Kind => kind;

    protected Schema Schema => schema();

    public bool AllowCreateOnUpdate => KindRules.CreatesOnUpdate(kind);

    public bool AllowUnconditionalUpdate => !ConditionalOnly.Contains(kind.Kind);

    public bool ReturnDeletedObject => DeletedIsReturned.Contains(kind.Kind);

    public virtual bool IsDeletedByFinalizer => kind.Kind == "Namespace";

    public IReadOnlyList<SelectableField>? SelectableFields => KindRules.Fields(kind);

    public virtual IReadOnlyList<string> Decode(JsonObject json, ReadOnlySpan<byte> utf8)
    {
        RequireKind(json);
        return ObjectDecoding.Builtin(json, utf8, kind, Schema);
    }

    private void RequireKind(JsonObject json)
    {
        if (json.ApiVersion == apiVersion && json.Kind == kind.Kind)
        {
            return;
        }

        var said = GroupVersionKind.From(json.ApiVersion.Length == 0 ? kind.ApiVersion : json.ApiVersion, json.Kind.Length == 0 ? kind.Kind : json.Kind);
        if (said != kind)
        {
            throw CannotBeHandled(said, kind);
        }

        json["apiVersion"] = apiVersion;
        json["kind"] = kind.Kind;
    }

    /// <summary>400: an object of one kind where another is wanted.</summary>
    public static StatusException CannotBeHandled(GroupVersionKind said, GroupVersionKind wanted) =>
        DecodingFaults.CannotBeHandled(said, wanted.Kind, BuiltinTypes.Instance.Find(said) is null
            ? $"no kind \"{said.Kind}\" is registered for version \"{said.ApiVersion}\" in scheme \"pkg/runtime/scheme.go:111\""
            : $"converting ({said.Version}.{said.Kind}) to ({(wanted.Group.Length == 0 ? "core" : wanted.Group.Split('.')[0])}.{wanted.Kind}): unknown conversion");

    public virtual void Default(JsonObject json) => KindRules.Default(kind, json);

    public virtual void PrepareForCreate(JsonObject json) => KindRules.PrepareForCreate(kind, json);

    public virtual void PrepareForUpdate(JsonObject json, JsonObject old, string subresource) => KindRules.PrepareForUpdate(kind, json, old, subresource);

    public virtual void PrepareForDelete(JsonObject json, string now)
    {
        if (kind.Kind == "Namespace")
        {
            json.ObjectAt("status")["phase"] = "Terminating";
        }
    }

    public virtual IReadOnlyList<string> Warn(JsonObject json, JsonObject? old) => KindWarnings.Of(kind, json, old);

    public virtual IReadOnlyList<FieldError> ValidateCreate(JsonObject json, CancellationToken cancellationToken) => KindRules.ValidateCreate(kind, json, isNamespaced);

    public virtual IReadOnlyList<FieldError> ValidateUpdate(JsonObject json, JsonObject old, string subresource, ICollection<string> warnings, CancellationToken cancellationToken) => KindRules.ValidateUpdate(kind, json, old, subresource);

    public IReadOnlyList<string> ResetFields(string subresource) => subresource switch
    {
        "status" => kind.Kind switch
        {
            "Deployment" => ["spec", "metadata.labels"],
            "Pod" => ["spec", "metadata.deletionTimestamp", "metadata.ownerReferences"],
            "CustomResourceDefinition" => ["spec", "metadata"],
            _ => ["spec"],
        },
        "" when hasStatus => ["status"],
        _ => [],
    };
}
