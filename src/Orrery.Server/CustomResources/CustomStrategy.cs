using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;
using Orrery.Machinery.Schemas;
using Orrery.Server.Registry;

namespace Orrery.Server.CustomResources;

/// <summary>Kinds whose shape a schema says: upstream's apiextensions <c>pkg/registry/customresource</c>.</summary>
internal class CustomStrategy(GroupVersionKind kind, bool isNamespaced, bool hasStatus, ScalePaths? scale, Func<Schema> schema) : IResourceStrategy
{
    protected Schema Schema => schema();

    public bool AllowCreateOnUpdate => false;

    public bool AllowUnconditionalUpdate => false;

    public bool ReturnDeletedObject => false;

    public bool IsDeletedByFinalizer => false;

    public IReadOnlyList<SelectableField>? SelectableFields { get; init; }

    public virtual IReadOnlyList<string> Decode(JsonObject json, ReadOnlySpan<byte> utf8)
    {
        // An object that was computed, such as a patch's result, is judged by its fields; one that came must say what it is.
        if (!utf8.IsEmpty)
        {
            RequireTypeMeta(json, utf8);
        }

        if (SchemaValidation.ValidateTypeMeta(json, kind) is { Count: > 0 } faults)
        {
            throw ApiErrors.Invalid(new GroupKind(GroupVersionKind.From(json.ApiVersion, "").Group, json.Kind), json.Name, faults);
        }

        return ObjectDecoding.Custom(json, utf8, kind, Schema);
    }

    private void RequireTypeMeta(JsonObject json, ReadOnlySpan<byte> utf8)
    {
        if (json.Kind.Length == 0)
        {
            throw DecodingFaults.Unrecognized(kind.Kind, $"Object 'Kind' is missing in '{Encoding.UTF8.GetString(utf8)}'", utf8);
        }

        if (json.ApiVersion.Count(c => c == '/') > 1)
        {
            throw DecodingFaults.Unrecognized(kind.Kind, $"unexpected GroupVersion string: {json.ApiVersion}", utf8);
        }

        if (json.ApiVersion != kind.ApiVersion)
        {
            throw ApiErrors.BadRequest($"the API version in the data ({json.ApiVersion}) does not match the expected API version ({kind.ApiVersion})");
        }
    }

    public void Default(JsonObject json) => Defaulting.Apply(json, Schema);

    public void DefaultApplied(JsonObject json) => Defaulting.Apply(json, Schema, keepsNulls: true);

    public virtual void PrepareForCreate(JsonObject json)
    {
        if (hasStatus)
        {
            json.Remove("status");
        }

        json.Metadata["generation"] = 1;
    }

    public void PrepareForUpdate(JsonObject json, JsonObject old, string subresource)
    {
        if (subresource == "status")
        {
            KeepAllButStatus(json, old);
            return;
        }

        if (hasStatus)
        {
            Copy(old, json, "status");
        }

        if (!IsSameDesire(json, old))
        {
            json.Metadata["generation"] = old.Generation + 1;
        }
    }

    public void PrepareForDelete(JsonObject json, string now)
    {
    }

    public IReadOnlyList<string> Warn(JsonObject json, JsonObject? old) => ObjectMetaRules.FinalizerWarnings(json, old is null ? [] : ObjectMetaRules.Finalizers(old));

    public IReadOnlyList<FieldError> ValidateCreate(JsonObject json, CancellationToken cancellationToken)
    {
        IReadOnlyList<FieldError> ofMetadata = [.. ObjectMetaRules.Validate(json, isNamespaced, Names.CheckDns1123Subdomain)];
        return [.. ofMetadata, .. SchemaValidation.Validate(json, Schema, null, scale, ObjectMetaRules.ValidateEmbedded, ofMetadata.Any(SchemaValidation.IsBlocking), null, cancellationToken)];
    }

    public IReadOnlyList<FieldError> ValidateUpdate(JsonObject json, JsonObject old, string subresource, ICollection<string> warnings, CancellationToken cancellationToken)
    {
        // What an update leaves as it was is let pass, the whole object too: so the two must not differ by what the server keeps for itself.
        string before = json.ResourceVersion;
        if (before.Length == 0)
        {
            json.Metadata["resourceVersion"] = old.ResourceVersion;
        }

        IReadOnlyList<FieldError> ofMetadata = [.. ObjectMetaRules.ValidateUpdate(json, old)];
        IReadOnlyList<FieldError> faults = SchemaValidation.Validate(
            json, Schema, old, scale, ObjectMetaRules.ValidateEmbedded, ofMetadata.Any(SchemaValidation.IsBlocking), subresource.Length == 0 ? warnings : null, cancellationToken);
        if (before.Length == 0)
        {
            json.Metadata.Remove("resourceVersion");
        }

        return [.. ofMetadata, .. faults];
    }

    public IReadOnlyList<string> ResetFields(string subresource) => subresource switch
    {
        "status" => ["spec", "metadata.labels", "metadata.annotations", "metadata.finalizers", "metadata.ownerReferences"],
        _ when hasStatus => ["status"],
        _ => [],
    };

    /// <summary>Status changes status only: everything else, metadata but its managed fields too, stays as it was.</summary>
    private static void KeepAllButStatus(JsonObject json, JsonObject old)
    {
        foreach (string member in json.Select(m => m.Key).Union(old.Select(m => m.Key)).ToArray())
        {
            if (member is not ("apiVersion" or "kind" or "metadata" or "status"))
            {
                Copy(old, json, member);
            }
        }

        JsonNode? managed = json.Metadata["managedFields"]?.DeepClone();
        JsonObject metadata = (JsonObject)old.Metadata.DeepClone();
        metadata.Remove("resourceVersion");
        metadata.Remove("managedFields");
        if (managed is not null)
        {
            metadata["managedFields"] = managed;
        }

        json["metadata"] = metadata;
    }

    /// <summary>Everything but metadata, and but status where that is a subresource.</summary>
    private bool IsSameDesire(JsonObject json, JsonObject old)
    {
        foreach (string member in json.Select(m => m.Key).Union(old.Select(m => m.Key)))
        {
            if (member is not ("apiVersion" or "kind" or "metadata") && !(hasStatus && member == "status") && !JsonNode.DeepEquals(json[member], old[member]))
            {
                return false;
            }
        }

        return true;
    }

    private static void Copy(JsonObject from, JsonObject to, string member)
    {
        if (from[member] is { } value)
        {
            to[member] = value.DeepClone();
        }
        else
        {
            to.Remove(member);
        }
    }
}
