using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Schemas.Definitions;

/// <summary>How <c>x-kubernetes-list-type</c>, <c>-list-map-keys</c> and <c>-map-type</c> go together with the rest of a schema.</summary>
internal static class ListRules
{
    private const string ListType = "x-kubernetes-list-type";
    private const string ListMapKeys = "x-kubernetes-list-map-keys";
    private const string MapType = "x-kubernetes-map-type";

    public static IReadOnlyList<FieldError> Validate(JsonObject schema, string path)
    {
        if (!schema.ContainsKey(ListType) && !schema.ContainsKey(ListMapKeys) && !schema.ContainsKey(MapType))
        {
            return [];
        }

        var errors = new List<FieldError>();
        string type = schema.Text("type") ?? "";
        if (schema.Text(MapType) is { } map)
        {
            OfType(type, "object", MapType, path, errors);
            if (map is not ("granular" or "atomic"))
            {
                errors.Add(FieldError.NotSupported($"{path}.{MapType}", map, "atomic", "granular"));
            }
        }

        string? list = schema.Text(ListType);
        var items = schema["items"] as JsonObject;
        if (list is not null && !OfType(type, "array", ListType, path, errors) && list == "set")
        {
            SetItems(items, path, errors);
        }

        if (list is not (null or "atomic" or "set" or "map"))
        {
            errors.Add(FieldError.NotSupported($"{path}.{ListType}", list, "atomic", "set", "map"));
        }

        if (SchemaTree.Texts(schema[ListMapKeys]).Length > 0 && list != "map")
        {
            string detail = $"must be map if {ListMapKeys} is non-empty";
            errors.Add(list is null ? FieldError.Required($"{path}.{ListType}", detail) : FieldError.Invalid($"{path}.{ListType}", list, detail));
        }

        if (list == "map")
        {
            Keys(schema, items, path, errors);
        }

        if (list is "set" or "map" && items is not null)
        {
            if (items.Flag("nullable"))
            {
                errors.Add(FieldError.Forbidden($"{path}.items.nullable", $"cannot be nullable when {ListType} is {list}"));
            }

            if (list == "map")
            {
                KeyProperties(schema, items, path, errors);
            }
        }

        return errors;
    }

    private static bool OfType(string type, string wanted, string member, string path, List<FieldError> errors)
    {
        if (type == wanted)
        {
            return false;
        }

        string detail = $"must be {wanted} if {member} is specified";
        errors.Add(type.Length == 0 ? FieldError.Required($"{path}.type", detail) : FieldError.Invalid($"{path}.type", type, detail));
        return true;
    }

    /// <summary>Items of a set are compared as wholes, so nothing within them can be merged.</summary>
    private static void SetItems(JsonObject? items, string path, List<FieldError> errors)
    {
        string detail = $"must be atomic as item of a list with {ListType}=set";
        if (items?.Text("type") == "array" && items.Text(ListType) is not (null or "atomic"))
        {
            errors.Add(FieldError.Invalid($"{path}.items.{ListType}", items[ListType]?.DeepClone(), detail));
        }
        else if (items?.Text("type") == "object" && items.Text(MapType) != "atomic")
        {
            // Upstream shows the list type of the items here.
            errors.Add(FieldError.Invalid($"{path}.items.{MapType}", items[ListType]?.DeepClone(), detail));
        }
    }

    private static void Keys(JsonObject schema, JsonObject? items, string path, List<FieldError> errors)
    {
        string[] keys = SchemaTree.Texts(schema[ListMapKeys]);
        if (keys.Length == 0)
        {
            errors.Add(FieldError.Required($"{path}.{ListMapKeys}", $"must not be empty if {ListType} is map"));
        }

        if (schema["items"] is null)
        {
            errors.Add(FieldError.Required($"{path}.items", $"must have a schema if {ListType} is map"));
        }

        if (items is null)
        {
            return;
        }

        if (items.Text("type") != "object")
        {
            errors.Add(FieldError.Invalid($"{path}.items.type", items.Text("type") ?? "", $"must be object if parent array's {ListType} is map"));
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (string key in keys)
        {
            if ((items["properties"] as JsonObject)?[key] is not JsonObject property)
            {
                errors.Add(FieldError.Invalid($"{path}.{ListMapKeys}", schema[ListMapKeys]!.DeepClone(), "entries must all be names of item properties"));
            }
            else if (property.Text("type") is "array" or "object")
            {
                errors.Add(FieldError.Invalid($"{path}.items.properties[{key}].type", items.Text("type"), $"must be a scalar type if parent array's {ListType} is map"));
            }

            if (!seen.Add(key))
            {
                errors.Add(FieldError.Invalid($"{path}.{ListMapKeys}", schema[ListMapKeys]!.DeepClone(), "must not contain duplicate entries"));
            }
        }
    }

    /// <summary>A key that may be absent or null would not tell items apart.</summary>
    private static void KeyProperties(JsonObject schema, JsonObject items, string path, List<FieldError> errors)
    {
        string[] required = SchemaTree.Texts(items["required"]);
        foreach (string key in SchemaTree.Texts(schema[ListMapKeys]))
        {
            if ((items["properties"] as JsonObject)?[key] is not JsonObject property)
            {
                continue;
            }

            if (!required.Contains(key) && property["default"] is null)
            {
                errors.Add(FieldError.Required($"{path}.items.properties[{key}].default", $"this property is in {ListMapKeys}, so it must have a default or be a required property"));
            }

            if (property.Flag("nullable"))
            {
                errors.Add(FieldError.Forbidden($"{path}.items.properties[{key}].nullable", $"this property is in {ListMapKeys}, so it cannot be nullable"));
            }
        }
    }
}
