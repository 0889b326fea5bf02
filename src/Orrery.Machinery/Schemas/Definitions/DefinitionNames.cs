using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Schemas.Definitions;

/// <summary>The names of a CustomResourceDefinition.</summary>
internal static class DefinitionNames
{
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
