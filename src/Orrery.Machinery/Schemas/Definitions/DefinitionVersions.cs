using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Schemas.Definitions;

/// <summary>
/// What a version adds to its name. Upstream's internal form hoists schema, subresources, columns and selectable fields that all
/// versions share, judges them after the versions, and its texts speak of that form.
/// </summary>
internal static class DefinitionVersions
{
    private const int MaxSelectableFields = 8;
    private const int MaxDeprecationWarning = 256;

    private static readonly string[] ColumnTypes = ["boolean", "date", "integer", "number", "string"];
    private static readonly string[] ColumnFormats = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

    /// <summary>Whether the member is the same in all versions.</summary>
    public static bool IsShared(IReadOnlyList<JsonObject> versions, string member) => versions.All(v => JsonNode.DeepEquals(v[member], versions[0][member]));

    /// <summary>One version: what it does not share with all others.</summary>
    public static void Validate(JsonObject version, IReadOnlyList<JsonObject> versions, string path, Func<JsonObject, IReadOnlyList<FieldError>>? metadata, List<FieldError> errors)
    {
        Deprecation(version, path, errors);
        if (!IsShared(versions, "schema") && Schema(version) is { } schema)
        {
            errors.AddRange(StructuralSchemaValidation.Validate(schema, $"{path}.schema.openAPIV3Schema", HasStatus(version), metadata));
        }

        if (!IsShared(versions, "subresources"))
        {
            Subresources(version, $"{path}.subresources", errors);
        }

        if (!IsShared(versions, "additionalPrinterColumns"))
        {
            Columns(version, $"{path}.additionalPrinterColumns", errors);
        }

        if (!IsShared(versions, "selectableFields"))
        {
            SelectableFields(version, $"{path}.selectableFields", errors);
        }
    }

    /// <summary>What all versions share.</summary>
    public static void ValidateShared(IReadOnlyList<JsonObject> versions, Func<JsonObject, IReadOnlyList<FieldError>>? metadata, List<FieldError> errors)
    {
        if (versions.Count == 0)
        {
            return;
        }

        if (IsShared(versions, "schema") && Schema(versions[0]) is { } schema)
        {
            errors.AddRange(StructuralSchemaValidation.Validate(schema, "spec.validation.openAPIV3Schema", versions.Any(HasStatus), metadata));
        }

        if (IsShared(versions, "subresources"))
        {
            Subresources(versions[0], "spec.subresources", errors);
        }

        if (IsShared(versions, "additionalPrinterColumns"))
        {
            Columns(versions[0], "spec.additionalPrinterColumns", errors);
        }

        if (IsShared(versions, "selectableFields"))
        {
            SelectableFields(versions[0], "spec.selectableFields", errors);
        }
    }

    public static JsonObject? Schema(JsonObject version) => (version["schema"] as JsonObject)?["openAPIV3Schema"] as JsonObject;

    private static bool HasStatus(JsonObject version) => (version["subresources"] as JsonObject)?["status"] is JsonObject;

    private static void Deprecation(JsonObject version, string path, List<FieldError> errors)
    {
        if (version.Text("deprecationWarning") is not { } warning)
        {
            return;
        }

        path = $"{path}.deprecationWarning";
        if (!version.Flag("deprecated"))
        {
            errors.Add(FieldError.Invalid(path, warning, "can only be set for deprecated versions"));
            return;
        }

        if (Encoding.UTF8.GetByteCount(warning) > MaxDeprecationWarning)
        {
            errors.Add(FieldError.Invalid(path, warning, $"must be <= {MaxDeprecationWarning.ToString(CultureInfo.InvariantCulture)} characters long"));
        }

        if (warning.Length == 0)
        {
            errors.Add(FieldError.Invalid(path, warning, "must not be an empty string"));
        }

        int bytes = 0;
        foreach (Rune rune in warning.EnumerateRunes())
        {
            if (Rune.IsControl(rune) || (Rune.IsWhiteSpace(rune) && rune.Value != ' '))
            {
                errors.Add(FieldError.Invalid(path, warning, $"must only contain printable UTF-8 characters; non-printable character found at index {bytes.ToString(CultureInfo.InvariantCulture)}"));
                break;
            }

            bytes += rune.Utf8SequenceLength;
        }
    }

    private static void Subresources(JsonObject version, string path, List<FieldError> errors)
    {
        if ((version["subresources"] as JsonObject)?["scale"] is not JsonObject scale)
        {
            return;
        }

        ScalePath(scale, "specReplicasPath", "under .spec", path, errors, ".spec.");
        ScalePath(scale, "statusReplicasPath", "under .status", path, errors, ".status.");
        if (!string.IsNullOrEmpty(scale.Text("labelSelectorPath")))
        {
            ScalePath(scale, "labelSelectorPath", "under either .spec or .status", path, errors, ".spec.", ".status.");
        }
    }

    private static void ScalePath(JsonObject scale, string member, string where, string path, List<FieldError> errors, params string[] starts)
    {
        string value = scale.Text(member) ?? "";
        path = $"{path}.scale.{member}";
        if (value.Length == 0)
        {
            errors.Add(FieldError.Required(path));
        }
        else if (value[0] != '.')
        {
            errors.Add(FieldError.Invalid(path, value, "must be a simple json path starting with ."));
        }
        else if (!starts.Any(s => value.StartsWith(s, StringComparison.Ordinal)))
        {
            errors.Add(FieldError.Invalid(path, value, $"should be a json path {where}"));
        }
    }

    private static void Columns(JsonObject version, string path, List<FieldError> errors)
    {
        int i = 0;
        foreach (JsonNode? column in version["additionalPrinterColumns"] as JsonArray ?? [])
        {
            Column(column as JsonObject ?? [], DefinitionValidation.At(path, i++), errors);
        }
    }

    private static void Column(JsonObject column, string path, List<FieldError> errors)
    {
        if (string.IsNullOrEmpty(column.Text("name")))
        {
            errors.Add(FieldError.Required($"{path}.name"));
        }

        string type = column.Text("type") ?? "", types = $"must be one of {string.Join(",", ColumnTypes)}";
        if (!ColumnTypes.Contains(type))
        {
            errors.Add(type.Length == 0 ? FieldError.Required($"{path}.type", types) : FieldError.Invalid($"{path}.type", type, types));
        }

        if (column.Text("format") is { Length: > 0 } format && !ColumnFormats.Contains(format))
        {
            errors.Add(FieldError.Invalid($"{path}.format", format, $"must be one of {string.Join(",", ColumnFormats)}"));
        }

        string jsonPath = column.Text("jsonPath") ?? "";
        if (jsonPath.Length == 0)
        {
            errors.Add(FieldError.Required($"{path}.JSONPath"));
        }
        else if (jsonPath[0] != '.')
        {
            errors.Add(FieldError.Invalid($"{path}.JSONPath", jsonPath, "must be a simple json path starting with ."));
        }
    }

    private static void SelectableFields(JsonObject version, string path, List<FieldError> errors)
    {
        if (version["selectableFields"] is not JsonArray { Count: > 0 } fields || Schema(version) is not { } schema)
        {
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < fields.Count; i++)
        {
            string at = DefinitionValidation.At(path, i, "jsonPath"), jsonPath = (fields[i] as JsonObject)?.Text("jsonPath") ?? "";
            if (jsonPath.Length == 0)
            {
                errors.Add(FieldError.Required(at));
                continue;
            }

            JsonObject? found = SchemaFieldPath.Find(jsonPath, schema, indexable: false, out string? fault, out IReadOnlyList<string> names);
            if (found is null)
            {
                errors.Add(FieldError.Invalid(at, jsonPath, $"is an invalid path: {fault}"));
                continue;
            }

            if (names is ["metadata", ..])
            {
                errors.Add(FieldError.Invalid(at, jsonPath, "must not point to fields in metadata"));
            }

            if (found.Text("type") is not ("string" or "boolean" or "integer"))
            {
                errors.Add(FieldError.Invalid(at, jsonPath, "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."));
            }

            if (!seen.Add(string.Join('.', names)))
            {
                errors.Add(FieldError.Duplicate(at, jsonPath));
            }
        }

        if (seen.Count > MaxSelectableFields)
        {
            errors.Add(FieldError.TooMany(path, seen.Count, MaxSelectableFields));
        }
    }
}
