using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;
using Orrery.Machinery.Schemas;
using Orrery.Machinery.Schemas.Definitions;
using Orrery.Server.Registry;

namespace Orrery.Server.CustomResources;

/// <summary>CustomResourceDefinitions themselves: apiextensions <c>pkg/registry/customresourcedefinition</c>.</summary>
internal sealed class DefinitionStrategy(Func<Schema> schema)
    : BuiltinStrategy(new GroupVersionKind("apiextensions.k8s.io", "v1", "CustomResourceDefinition"), isNamespaced: false, hasStatus: true, schema)
{
    /// <summary>Holds a definition until its objects are gone.</summary>
    public const string CleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

    public override bool IsDeletedByFinalizer => true;

    public override void Default(JsonObject json)
    {
        DefinitionDefaults.Apply(json);
        base.Default(json);
    }

    public override void PrepareForCreate(JsonObject json)
    {
        base.PrepareForCreate(json);
        json.Metadata["generation"] = 1;
        json["status"] = DefinitionDefaults.InitialStatus(json);
    }

    public override void PrepareForUpdate(JsonObject json, JsonObject old, string subresource)
    {
        base.PrepareForUpdate(json, old, subresource);
        if (subresource.Length > 0)
        {
            return;
        }

        json["status"] = old["status"]?.DeepClone();
        json.Metadata["generation"] = JsonNode.DeepEquals(json["spec"], old["spec"]) ? old.Generation : old.Generation + 1;
        DefinitionDefaults.AddStoredVersion(json);
    }

    public override void PrepareForDelete(JsonObject json, string now)
    {
        DefinitionStatus.Set(json.ObjectAt("status"), "Terminating", "True", "InstanceDeletionPending", "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon", now);
        JsonObject metadata = json.Metadata;
        if (metadata["finalizers"] is not JsonArray finalizers)
        {
            metadata["finalizers"] = finalizers = [];
        }

        if (!finalizers.Any(f => f?.GetValue<string>() == CleanupFinalizer))
        {
            finalizers.Add(CleanupFinalizer);
        }
    }

    public override IReadOnlyList<string> Warn(JsonObject json, JsonObject? old)
    {
        IEnumerable<string> before = old is null ? [] : SchemaFormats.Unrecognized(old);
        return [.. SchemaFormats.Unrecognized(json).Except(before).Select(format => $"unrecognized format \"{format}\"")];
    }

    public override IReadOnlyList<FieldError> ValidateCreate(JsonObject json, CancellationToken cancellationToken) => [.. base.ValidateCreate(json, cancellationToken), .. DefinitionValidation.ValidateCreate(json, ObjectMetaRules.ValidateEmbedded)];

    public override IReadOnlyList<FieldError> ValidateUpdate(JsonObject json, JsonObject old, string subresource, ICollection<string> warnings, CancellationToken cancellationToken) =>
        subresource.Length > 0
            ? base.ValidateUpdate(json, old, subresource, warnings, cancellationToken)
            : [.. base.ValidateUpdate(json, old, subresource, warnings, cancellationToken), .. DefinitionValidation.ValidateUpdate(json, old, DefinitionStatus.IsTrue(old, "Established"), ObjectMetaRules.ValidateEmbedded)];
}
