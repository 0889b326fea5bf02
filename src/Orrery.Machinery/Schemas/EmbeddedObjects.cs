using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Schemas;

/// <summary>Objects within a custom resource say what they are, and their metadata is right (apiextensions <c>pkg/apiserver/schema/objectmeta/validation.go</c>).</summary>
internal static class EmbeddedObjects
{
    /// <param name="path">Where the object stands.</param>
    /// <param name="metadata">The rules for its metadata; null leaves it unchecked.</param>
    public static IEnumerable<FieldError> Validate(JsonObject json, string path, Func<JsonObject, IReadOnlyList<FieldError>>? metadata)
    {
        string At(string member) => path.Length == 0 ? member : $"{path}.{member}";
        foreach (string member in (string[])["apiVersion", "kind"])
        {
            if (json[member] is null)
            {
                yield return FieldError.Required(At(member));
            }
            else if (json.Text(member) is "")
            {
                yield return FieldError.Invalid(At(member), "", "must not be empty");
            }
        }

        if (json.Text("apiVersion") is { } version && version.Count(c => c == '/') > 1)
        {
            yield return FieldError.Invalid(At("apiVersion"), version, $"unexpected GroupVersion string: {version}");
        }

        if (json.Text("kind") is { Length: > 0 } kind && Names.CheckDns1035Label(kind.ToLowerInvariant()) is { Count: > 0 } malformed)
        {
            yield return FieldError.Invalid(At("kind"), kind, $"may have mixed case, but should otherwise match: {string.Join(",", malformed)}");
        }

        if (metadata is null || json["metadata"] is not JsonObject)
        {
            yield break;
        }

        foreach (FieldError error in metadata(json))
        {
            yield return error with { Field = At(error.Field) };
        }
    }
}
