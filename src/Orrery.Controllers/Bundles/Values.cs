using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Machinery;

namespace Orrery.Controllers.Bundles;

/// <summary>Values in layers, merged as Helm merges values files: maps by member, everything else as a whole, null to take a default away.</summary>
internal static class Values
{
    /// <summary>Merges <paramref name="over"/> into <paramref name="values"/>, in place.</summary>
    public static void Merge(JsonObject values, JsonObject over)
    {
        foreach ((string name, JsonNode? value) in over)
        {
            if (value is JsonObject inner && values[name] is JsonObject present)
            {
                Merge(present, inner);
            }
            else
            {
                values[name] = value?.DeepClone();
            }
        }
    }

    public static void Merge(JsonObject values, JsonElement? over)
    {
        if (over is { ValueKind: JsonValueKind.Object } found)
        {
            Merge(values, JsonObject.Create(found)!);
        }
    }

    /// <summary>Reads the text of a values file.</summary>
    /// <param name="where">What the error calls it; the text itself may be a Secret's and is not told.</param>
    /// <exception cref="BundleException">It is no YAML or JSON object.</exception>
    public static JsonObject Parse(string text, string where)
    {
        try
        {
            return YamlJson.Parse(text) switch
            {
                null => [],
                JsonObject found => found,
                _ => throw new BundleException("InvalidValues", $"{where} is no YAML object"),
            };
        }
        catch (FormatException)
        {
            throw new BundleException("InvalidValues", $"{where} is no YAML");
        }
    }
}
