using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Server.Authorization;

/// <summary>
/// Validates the selectors that a review says a request is limited by (upstream <c>pkg/apis/authorization/validation</c>). RBAC grants kinds and names, so that they never
/// change its answer: who may not list all may not list some.
/// </summary>
internal static class SelectorAttributes
{
    public static IEnumerable<FieldError> Validate(JsonNode? resourceAttributes)
    {
        foreach (string member in (string[])["labelSelector", "fieldSelector"])
        {
            if ((resourceAttributes as JsonObject)?[member] is not JsonObject selector)
            {
                continue;
            }

            string path = $"spec.resourceAttributes.{member}", raw = selector.TextAt("rawSelector") ?? "";
            JsonArray requirements = selector["requirements"] as JsonArray ?? [];
            if (raw.Length > 0 && requirements.Count > 0)
            {
                yield return FieldError.Invalid($"{path}.rawSelector", raw, "may not specified at the same time as requirements");
            }
            else if (raw.Length == 0 && requirements.Count == 0)
            {
                yield return FieldError.Required($"{path}.requirements", $"when {path} is specified, requirements or rawSelector is required");
            }

            for (int i = 0; i < requirements.Count; i++)
            {
                foreach (FieldError fault in Requirement(requirements[i] as JsonObject ?? [], $"{path}.requirements[{i}]"))
                {
                    yield return fault;
                }
            }
        }
    }

    private static IEnumerable<FieldError> Requirement(JsonObject requirement, string path)
    {
        string key = requirement.TextAt("key") ?? "", op = requirement.TextAt("operator") ?? "";
        bool hasValues = requirement["values"] is JsonArray { Count: > 0 };
        if (key.Length == 0)
        {
            yield return FieldError.Required($"{path}.key", "must be specified");
        }

        switch (op)
        {
            case "In" or "NotIn" when !hasValues:
                yield return FieldError.Required($"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'");
                break;
            case "Exists" or "DoesNotExist" when hasValues:
                yield return FieldError.Forbidden($"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                break;
            case "In" or "NotIn" or "Exists" or "DoesNotExist":
                break;
            default:
                yield return FieldError.Invalid($"{path}.operator", op, "not a valid selector operator");
                break;
        }
    }
}
