using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;

namespace Orrery.Machinery.Schemas;

/// <summary>Objects within a custom resource say what they are, and their metadata is right (apiextensions <c>pkg/apiserver/schema/objectmeta/validation.go</c>).</summary>
internal static class EmbeddedObjects
{
    /// <param name="path">Where the object stands.</param>
    public static IEnumerable<FieldError> Validate(JsonObject json, string path)
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

        if (json["metadata"] is not JsonObject metadata)
        {
            yield break;
        }

        // It may do without a name, which an object of its own could not.
        var shell = new JsonObject { ["metadata"] = metadata.DeepClone() };
        if (shell.Name.Length == 0)
        {
            shell.Metadata["name"] = "unnamed";
        }

        foreach (FieldError error in ObjectMetaRules.Validate(shell, shell.Namespace.Length > 0, Names.CheckPathSegment))
        {
            yield return error with { Field = At(error.Field) };
        }
    }
}
