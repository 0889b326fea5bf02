using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Orrery.Controllers.Bundles;

/// <summary>
/// Puts values in place of references such as <c>$(values.site.title)</c> in the texts of a bundle of manifests. A text that is nothing but a
/// reference becomes the value itself, of whatever type; within a longer text it must be text, a number or a truth value.
/// </summary>
internal static partial class ValueReferences
{
    /// <exception cref="BundleException">A value is missing, or does not fit where it is to stand.</exception>
    /// <param name="about">What errors call the object.</param>
    public static JsonObject Resolve(JsonObject manifest, JsonObject values, string about) => (JsonObject)Resolve(manifest, values, about, "")!;

    private static JsonNode? Resolve(JsonNode? node, JsonObject values, string about, string path)
    {
        switch (node)
        {
            case JsonObject members:
                var copy = new JsonObject();
                foreach ((string name, JsonNode? value) in members)
                {
                    copy[name] = Resolve(value, values, about, path.Length == 0 ? name : $"{path}.{name}");
                }

                return copy;
            case JsonArray items:
                return new JsonArray([.. items.Select((item, i) => Resolve(item, values, about, $"{path}[{i}]"))]);
            case JsonValue text when text.GetValueKind() == JsonValueKind.String && text.GetValue<string>() is { } found && found.Contains("$(values.", StringComparison.Ordinal):
                return Text(found, values, $"{about}: {path}");
            default:
                return node?.DeepClone();
        }
    }

    private static JsonNode? Text(string text, JsonObject values, string where)
    {
        Match whole = Reference().Match(text);
        if (whole.Success && whole.Length == text.Length)
        {
            return Find(values, whole.Groups[1].Value, where)?.DeepClone();
        }

        return JsonValue.Create(Reference().Replace(text, match => Find(values, match.Groups[1].Value, where) is JsonValue value
            ? value.ToString()
            : throw new BundleException("RenderFailed", $"{where} refers to values.{match.Groups[1].Value} within a text, and that is no single value")));
    }

    private static JsonNode? Find(JsonObject values, string path, string where)
    {
        JsonNode? at = values;
        foreach (string step in path.Split('.'))
        {
            if (at is not JsonObject inner || !inner.TryGetPropertyValue(step, out at))
            {
                throw new BundleException("RenderFailed", $"{where} refers to values.{path}, which nobody sets");
            }
        }

        return at;
    }

    [GeneratedRegex(@"\$\(values\.([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)\)")]
    private static partial Regex Reference();
}
