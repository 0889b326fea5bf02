using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Commands.Objects;

/// <summary>A list of an object whose elements are known by some of their fields, so that one can be changed beside the others.</summary>
/// <param name="Path">Where it stands, such as <c>spec.channels</c>.</param>
/// <param name="Keys">What an element is known by.</param>
internal sealed record KeyedList(string Path, params string[] Keys)
{
    /// <summary>The present list with what was said of some elements, in the place of the patch's own; what was not said of them stays too.</summary>
    public void Merge(KubeObject present, JsonObject patch)
    {
        string[] steps = Path.Split('.');
        JsonArray said = (JsonArray)steps.Aggregate((JsonNode)patch, (at, step) => at[step]!);
        var merged = new List<JsonObject>();
        if (present.At(steps) is { ValueKind: JsonValueKind.Array } there)
        {
            merged.AddRange(there.EnumerateArray().Select(e => JsonObject.Create(e)!));
        }

        foreach (JsonObject element in said.OfType<JsonObject>())
        {
            int at = merged.FindIndex(m => IsSame(m, element));
            if (element.All(m => Keys.Contains(m.Key)))
            {
                _ = at >= 0 ? true : throw new CommandFailedException($"{Path} of {present.Name} has no {Text(element)}");
                merged.RemoveAt(at);
            }
            else if (at >= 0)
            {
                foreach ((string member, JsonNode? value) in element)
                {
                    merged[at][member] = value?.DeepClone();
                }
            }
            else
            {
                merged.Add((JsonObject)element.DeepClone());
            }
        }

        ObjectField.Put(patch, Path, new JsonArray([.. merged]));
    }

    /// <exception cref="CommandFailedException">An element says nothing but what it is known by.</exception>
    public void CheckWhole(JsonObject body)
    {
        JsonNode? list = Path.Split('.').Aggregate((JsonNode?)body, (at, step) => at?[step]);
        if (list is JsonArray said && said.OfType<JsonObject>().FirstOrDefault(e => e.All(m => Keys.Contains(m.Key))) is { } bare)
        {
            throw new CommandFailedException($"{Path}: nothing is said of {Text(bare)}");
        }
    }

    private bool IsSame(JsonObject one, JsonObject other) => Keys.All(k => JsonNode.DeepEquals(one[k], other[k]));

    private static string Text(JsonObject element) => string.Join(' ', element.Select(m => m.Value?.ToString()));
}
