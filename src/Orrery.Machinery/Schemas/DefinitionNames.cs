using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Schemas;

/// <summary>Names, subresources and columns of a CustomResourceDefinition.</summary>
internal static class DefinitionNames
{
    private static readonly string[] ColumnTypes = ["boolean", "date", "integer", "number", "string"];
    private static readonly string[] ColumnFormats = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

    public static void Validate(JsonObject spec, List<FieldError> errors)
    {
        JsonObject names = spec.ObjectAt("names");
        Label(names.Text("plural"), "spec.names.plural", errors);
        Label(names.Text("singular"), "spec.names.singular", errors);
        MixedCase(names.Text("kind"), "spec.names.kind", errors);
        MixedCase(names.Text("listKind"), "spec.names.listKind", errors);
        foreach (string list in (string[])["shortNames", "categories"])
        {
            if (names[list] is JsonArray items)
            {
                for (int i = 0; i < items.Count; i++)
                {
                    Label(items[i]?.ToString(), DefinitionValidation.At($"spec.names.{list}", i), errors);
                }
            }
        }

        if (names.Text("kind") is { Length: > 0 } kind && kind == names.Text("listKind"))
        {
            errors.Add(FieldError.Invalid("spec.names.listKind", kind, "kind and listKind may not be the same"));
        }
    }

    public static void ValidateVersion(JsonObject version, string path, List<FieldError> errors)
    {
        if ((version["subresources"] as JsonObject)?["scale"] is JsonObject scale)
        {
            ScalePath(scale, "specReplicasPath", ".spec.", $"{path}.subresources.scale", required: true, errors);
            ScalePath(scale, "statusReplicasPath", ".status.", $"{path}.subresources.scale", required: true, errors);
            ScalePath(scale, "labelSelectorPath", ".s", $"{path}.subresources.scale", required: false, errors);
        }

        if (version["additionalPrinterColumns"] is not JsonArray columns)
        {
            return;
        }

        for (int i = 0; i < columns.Count; i++)
        {
            Column(columns[i] as JsonObject ?? [], DefinitionValidation.At($"{path}.additionalPrinterColumns", i), errors);
        }
    }

    private static void Column(JsonObject column, string path, List<FieldError> errors)
    {
        foreach (string member in (string[])["name", "type", "jsonPath"])
        {
            if (string.IsNullOrEmpty(column.Text(member)))
            {
                errors.Add(FieldError.Required($"{path}.{(member == "jsonPath" ? "JSONPath" : member)}"));
            }
        }

        if (column.Text("type") is { Length: > 0 } type && !ColumnTypes.Contains(type))
        {
            errors.Add(FieldError.Invalid($"{path}.type", type, $"must be one of {string.Join(",", ColumnTypes)}"));
        }

        if (column.Text("format") is { Length: > 0 } format && !ColumnFormats.Contains(format))
        {
            errors.Add(FieldError.Invalid($"{path}.format", format, $"must be one of {string.Join(",", ColumnFormats)}"));
        }

        if (column.Text("jsonPath") is { Length: > 0 } jsonPath && jsonPath[0] is not ('.' or '{'))
        {
            errors.Add(FieldError.Invalid($"{path}.JSONPath", jsonPath, "must be a simple json path starting with ."));
        }
    }

    private static void ScalePath(JsonObject scale, string member, string start, string path, bool required, List<FieldError> errors)
    {
        string value = scale.Text(member) ?? "";
        if (value.Length == 0)
        {
            if (required)
            {
                errors.Add(FieldError.Required($"{path}.{member}"));
            }
        }
        else if (member == "labelSelectorPath" ? !(value.StartsWith(".spec.", StringComparison.Ordinal) || value.StartsWith(".status.", StringComparison.Ordinal)) : !value.StartsWith(start, StringComparison.Ordinal))
        {
            string where = member == "labelSelectorPath" ? "either .spec or .status" : start.TrimEnd('.');
            errors.Add(FieldError.Invalid($"{path}.{member}", value, $"should be a json path under {where}"));
        }
    }

    private static void Label(string? value, string path, List<FieldError> errors)
    {
        if (string.IsNullOrEmpty(value))
        {
            errors.Add(FieldError.Required(path));
        }
        else if (Names.CheckDns1035Label(value) is { Count: > 0 } faults)
        {
            errors.Add(FieldError.Invalid(path, value, string.Join(",", faults)));
        }
    }

    private static void MixedCase(string? value, string path, List<FieldError> errors)
    {
        if (string.IsNullOrEmpty(value))
        {
            errors.Add(FieldError.Required(path));
        }
        else if (Names.CheckDns1035Label(value.ToLowerInvariant()) is { Count: > 0 } faults)
        {
            errors.Add(FieldError.Invalid(path, value, $"may have mixed case, but should otherwise match: {string.Join(",", faults)}"));
        }
    }
}
