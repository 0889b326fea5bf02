using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Schemas.Definitions;

/// <summary>
/// Validates CustomResourceDefinitions as apiextensions does. The general rules for metadata are the caller's;
/// here stands what the kind adds to them. Call after <see cref="DefinitionDefaults"/> and with a status.
/// </summary>
public static class DefinitionValidation
{
    private const string ApprovalAnnotation = "api-approved.kubernetes.io";
    private const string StoredVersionGone =
        "missing from spec.versions; {0} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in {0} and removes {0} from status.storedVersions";

    /// <param name="metadata">The rules for the metadata of objects that are embedded in defaults; null leaves it unchecked.</param>
    public static IReadOnlyList<FieldError> ValidateCreate(JsonObject definition, Func<JsonObject, IReadOnlyList<FieldError>>? metadata = null) => Validate(definition, metadata, areVersionsJudged: false);

    private static List<FieldError> Validate(JsonObject definition, Func<JsonObject, IReadOnlyList<FieldError>>? metadata, bool areVersionsJudged)
    {
        var errors = new List<FieldError>();
        JsonObject spec = definition.ObjectAt("spec");
        Name(definition, spec, errors);
        Group(spec, errors);
        Scope(spec, errors);
        if (!areVersionsJudged)
        {
            VersionList(definition, metadata, errors);
        }

        DefinitionNames.Validate(spec, errors);
        if (!areVersionsJudged)
        {
            DefinitionVersions.ValidateShared(Versions(definition), metadata, errors);
        }

        DefinitionConversion.Validate(spec, errors);
        StoredVersions(definition, errors);
        Approval(definition, spec, errors);
        if (spec.Flag("preserveUnknownFields"))
        {
            errors.Add(FieldError.Invalid("spec.preserveUnknownFields", true, "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"));
        }

        return errors;
    }

    /// <param name="metadata">As for <see cref="ValidateCreate"/>.</param>
    /// <param name="established">Whether the old object's condition Established is true: from then on group, scope and kind stay.</param>
    public static IReadOnlyList<FieldError> ValidateUpdate(JsonObject definition, JsonObject old, bool established, Func<JsonObject, IReadOnlyList<FieldError>>? metadata = null)
    {
        // Schemas and the rules in them cost far more than all else, and the same ones were found right when they were written.
        List<FieldError> errors = Validate(definition, metadata, areVersionsJudged: JsonNode.DeepEquals(definition.NodeAt("spec", "versions"), old.NodeAt("spec", "versions")));

        // A definition that serves keeps a webhook that can be asked: authorities that can be read do not become ones that cannot.
        if (established && DefinitionConversion.BundleFault(definition.ObjectAt("spec")) is { } unreadable && DefinitionConversion.BundleFault(old.ObjectAt("spec")) is null)
        {
            errors.Add(unreadable);
        }

        string[][] immutable = established ? [["spec", "group"], ["spec", "scope"], ["spec", "names", "kind"], ["spec", "names", "plural"]] : [["spec", "group"], ["spec", "names", "plural"]];
        foreach (string[] path in immutable)
        {
            if (definition.TextAt(path) != old.TextAt(path))
            {
                errors.Add(FieldError.Invalid(string.Join('.', path), definition.TextAt(path), "field is immutable"));
            }
        }

        return errors;
    }

    internal static IReadOnlyList<JsonObject> Versions(JsonObject definition) =>
        definition.NodeAt("spec", "versions") is JsonArray versions ? [.. versions.OfType<JsonObject>()] : [];

    private static void Name(JsonObject definition, JsonObject spec, List<FieldError> errors)
    {
        if (definition.Name != $"{(spec["names"] as JsonObject)?.Text("plural")}.{spec.Text("group")}")
        {
            errors.Add(FieldError.Invalid("metadata.name", definition.Name, "must be spec.names.plural+\".\"+spec.group"));
        }
    }

    private static void Group(JsonObject spec, List<FieldError> errors)
    {
        string group = spec.Text("group") ?? "";
        if (group.Length == 0)
        {
            errors.Add(FieldError.Required("spec.group"));
        }
        else if (Names.CheckDns1123Subdomain(group) is { Count: > 0 } faults)
        {
            errors.Add(FieldError.Invalid("spec.group", group, string.Join(",", faults)));
        }
        else if (!group.Contains('.', StringComparison.Ordinal))
        {
            errors.Add(FieldError.Invalid("spec.group", group, "should be a domain with at least one dot"));
        }
    }

    /// <summary>Groups of the Kubernetes community need the word of their owners (KEP-1111).</summary>
    private static void Approval(JsonObject definition, JsonObject spec, List<FieldError> errors)
    {
        string group = spec.Text("group") ?? "";
        bool community = ((string[])["k8s.io", "kubernetes.io"]).Any(g => group == g || group.EndsWith("." + g, StringComparison.Ordinal));
        if (!community)
        {
            return;
        }

        string field = $"metadata.annotations[{ApprovalAnnotation}]";
        string approval = definition.TextAt("metadata", "annotations", ApprovalAnnotation) ?? "";
        if (approval.Length == 0)
        {
            errors.Add(FieldError.Required(field, $"protected groups must have approval annotation \"{ApprovalAnnotation}\", see https://github.com/kubernetes/enhancements/pull/1111"));
        }
        else if (!approval.StartsWith("unapproved", StringComparison.Ordinal) && !(Uri.TryCreate(approval, UriKind.Absolute, out Uri? uri) && uri.Host.Length > 0))
        {
            errors.Add(FieldError.Invalid(field, approval, $"protected groups must have approval annotation \"{ApprovalAnnotation}\" with either a URL or a reason starting with \"unapproved\", see https://github.com/kubernetes/enhancements/pull/1111"));
        }
    }

    private static void Scope(JsonObject spec, List<FieldError> errors)
    {
        string scope = spec.Text("scope") ?? "";
        if (scope.Length == 0)
        {
            errors.Add(FieldError.Required("spec.scope"));
        }
        else if (scope is not ("Cluster" or "Namespaced"))
        {
            errors.Add(FieldError.NotSupported("spec.scope", scope, "Cluster", "Namespaced"));
        }
    }

    private static void VersionList(JsonObject definition, Func<JsonObject, IReadOnlyList<FieldError>>? metadata, List<FieldError> errors)
    {
        IReadOnlyList<JsonObject> versions = Versions(definition);
        for (int i = 0; i < versions.Count; i++)
        {
            if (DefinitionVersions.Schema(versions[i]) is null)
            {
                errors.Add(FieldError.Required(At("spec.versions", i, "schema.openAPIV3Schema")));
            }
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        bool unique = true;
        for (int i = 0; i < versions.Count; i++)
        {
            string name = versions[i].Text("name") ?? "";
            unique &= seen.Add(name);
            if (Names.CheckDns1035Label(name) is { Count: > 0 } faults)
            {
                errors.Add(FieldError.Invalid(At("spec.versions", i, "name"), name, string.Join(",", faults)));
            }

            DefinitionVersions.Validate(versions[i], versions, At("spec.versions", i), metadata, errors);
        }

        if (!unique)
        {
            errors.Add(FieldError.Invalid("spec.versions", Internal(definition), "must contain unique version names"));
        }

        if (versions.Count(v => v.Flag("storage")) != 1)
        {
            errors.Add(FieldError.Invalid("spec.versions", definition.NodeAt("spec", "versions") is null ? null : Internal(definition), "must have exactly one version marked as storage version"));
        }
    }

    private static void StoredVersions(JsonObject definition, List<FieldError> errors)
    {
        var stored = definition.NodeAt("status", "storedVersions") as JsonArray;
        if (stored is not { Count: > 0 })
        {
            errors.Add(FieldError.Invalid("status.storedVersions", stored?.DeepClone(), "must have at least one stored version"));
            return;
        }

        string[] known = [.. Versions(definition).Select(v => v.Text("name") ?? "")];
        for (int i = 0; i < stored.Count; i++)
        {
            string version = stored[i]?.ToString() ?? "";
            if (!known.Contains(version))
            {
                errors.Add(FieldError.Invalid(At("status.storedVersions", i), version, string.Format(CultureInfo.InvariantCulture, StoredVersionGone, version)));
            }
        }

        var unclaimed = stored.Select(s => s?.ToString() ?? "").ToHashSet(StringComparer.Ordinal);
        foreach (string storage in Versions(definition).Where(v => v.Flag("storage")).Select(v => v.Text("name") ?? ""))
        {
            if (!unclaimed.Remove(storage))
            {
                errors.Add(FieldError.Invalid("status.storedVersions", stored.DeepClone(), $"must have the storage version {storage}"));
            }
        }
    }

    /// <summary>The versions as Go prints its internal type, for texts.</summary>
    private static JsonArray Internal(JsonObject definition)
    {
        IReadOnlyList<JsonObject> versions = Versions(definition);
        return [.. versions.Select(v => (JsonNode)new JsonObject
        {
            ["Name"] = v.Text("name") ?? "",
            ["Served"] = v.Flag("served"),
            ["Storage"] = v.Flag("storage"),
            ["Deprecated"] = v.Flag("deprecated"),
            ["DeprecationWarning"] = v["deprecationWarning"]?.DeepClone(),
            ["Schema"] = DefinitionVersions.IsShared(versions, "schema") ? null : v["schema"]?.DeepClone(),
            ["Subresources"] = DefinitionVersions.IsShared(versions, "subresources") ? null : v["subresources"]?.DeepClone(),
            ["AdditionalPrinterColumns"] = DefinitionVersions.IsShared(versions, "additionalPrinterColumns") ? null : v["additionalPrinterColumns"]?.DeepClone(),
            ["SelectableFields"] = DefinitionVersions.IsShared(versions, "selectableFields") ? null : v["selectableFields"]?.DeepClone(),
        })];
    }

    internal static string At(string path, int index, string? member = null) =>
        string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]{(member is null ? "" : "." + member)}");
}
