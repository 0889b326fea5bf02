using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Schemas;

/// <summary>What <c>fieldValidation</c> warns of or refuses: members given twice, and members that the schema does not know.</summary>
public static class StrictDecoding
{
    /// <summary>Upstream stops counting here (sigs.k8s.io/json).</summary>
    private const int MaxFaults = 100;

    /// <summary>Faults in the order of the document, each such as <c>duplicate field "metadata.labels.a"</c> or <c>unknown field "spec.foo"</c>.</summary>
    /// <param name="body">Well-formed JSON (<see cref="JsonBody.Parse"/> accepted it).</param>
    /// <param name="schema">Of a built-in type; null looks for repeated members only. Custom objects: see <see cref="ObjectDecoding.Custom"/>.</param>
    public static IReadOnlyList<string> Check(ReadOnlySpan<byte> body, Schema? schema)
    {
        var faults = new List<string>();
        var reader = new Utf8JsonReader(body, JsonBody.ReaderOptions);
        if (reader.Read())
        {
            Walk(ref reader, schema, "", faults);
        }

        return faults;
    }

    /// <summary>Unknown members of a tree, in its order. A tree cannot hold repeated ones.</summary>
    public static IReadOnlyList<string> Check(JsonObject body, Schema schema) => Check(KubeJson.ToUtf8(body), schema);

    private static void Walk(ref Utf8JsonReader reader, Schema? schema, string path, List<string> faults)
    {
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string name = reader.GetString()!;
                string at = path.Length == 0 ? name : $"{path}.{name}";
                if (!seen.Add(name))
                {
                    Add(faults, $"duplicate field \"{at}\"");
                }

                bool known = TypeShape.Member(schema, name, out Schema? member);
                if (!known)
                {
                    Add(faults, $"unknown field \"{at}\"");
                }

                reader.Read();
                Walk(ref reader, member, at, faults);
            }
        }
        else if (reader.TokenType == JsonTokenType.StartArray)
        {
            Schema? items = TypeShape.ItemsOf(schema);
            for (int i = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++)
            {
                Walk(ref reader, items, string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"), faults);
            }
        }
    }

    private static void Add(List<string> faults, string fault)
    {
        if (faults.Count < MaxFaults && !faults.Contains(fault))
        {
            faults.Add(fault);
        }
    }
}
