using System.Globalization;
using System.Text;
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
        var walk = new Search();
        var reader = new Utf8JsonReader(body, JsonBody.ReaderOptions);
        if (reader.Read())
        {
            walk.Visit(ref reader, schema);
        }

        return walk.Faults;
    }

    /// <summary>Unknown members of a tree, in its order. A tree cannot hold repeated ones.</summary>
    public static IReadOnlyList<string> Check(JsonObject body, Schema schema)
    {
        var walk = new Search();
        walk.Visit(body, schema);
        return walk.Faults;
    }

    /// <summary>One search. Almost always there is nothing to find, so paths are put into words only then.</summary>
    private sealed class Search
    {
        /// <summary>Members of an object that are compared one by one; with more a set pays.</summary>
        private const int Few = 16;

        private readonly List<Step> path = [];

        /// <summary>Members seen so far of all objects that the search is within.</summary>
        private readonly List<string> names = [];
        private List<string>? faults;

        public IReadOnlyList<string> Faults => faults ?? (IReadOnlyList<string>)[];

        public void Visit(ref Utf8JsonReader reader, Schema? schema)
        {
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                VisitMembers(ref reader, schema);
            }
            else if (reader.TokenType == JsonTokenType.StartArray)
            {
                Schema? items = TypeShape.ItemsOf(schema);
                for (int i = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++)
                {
                    path.Add(new Step(null, i));
                    Visit(ref reader, items);
                    path.RemoveAt(path.Count - 1);
                }
            }
        }

        public void Visit(JsonNode? node, Schema? schema)
        {
            if (TypeShape.IsOpen(schema))
            {
                return;
            }

            if (node is JsonObject json)
            {
                for (int i = 0; i < json.Count; i++)
                {
                    (string name, JsonNode? value) = json.GetAt(i);
                    path.Add(new Step(name, 0));
                    if (!TypeShape.Member(schema, name, out Schema? member))
                    {
                        Add("unknown field");
                    }

                    Visit(value, member);
                    path.RemoveAt(path.Count - 1);
                }
            }
            else if (node is JsonArray array && TypeShape.ItemsOf(schema) is { } items)
            {
                for (int i = 0; i < array.Count; i++)
                {
                    path.Add(new Step(null, i));
                    Visit(array[i], items);
                    path.RemoveAt(path.Count - 1);
                }
            }
        }

        private void VisitMembers(ref Utf8JsonReader reader, Schema? schema)
        {
            int first = names.Count;
            HashSet<string>? many = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string name = MemberNames.Of(ref reader);
                path.Add(new Step(name, 0));
                if (IsRepeated(name, first, ref many))
                {
                    Add("duplicate field");
                }

                if (!TypeShape.Member(schema, name, out Schema? member))
                {
                    Add("unknown field");
                }

                reader.Read();
                Visit(ref reader, member);
                path.RemoveAt(path.Count - 1);
            }

            names.RemoveRange(first, names.Count - first);
        }

        private bool IsRepeated(string name, int first, ref HashSet<string>? many)
        {
            if (many is not null)
            {
                return !many.Add(name);
            }

            for (int i = first; i < names.Count; i++)
            {
                if (names[i] == name)
                {
                    return true;
                }
            }

            names.Add(name);
            if (names.Count - first > Few)
            {
                many = new HashSet<string>(names.Skip(first), StringComparer.Ordinal);
            }

            return false;
        }

        private void Add(string what)
        {
            var at = new StringBuilder();
            foreach (Step step in path)
            {
                _ = step.Name is null ? at.Append(CultureInfo.InvariantCulture, $"[{step.Index}]") : at.Append(at.Length == 0 ? "" : ".").Append(step.Name);
            }

            string fault = $"{what} \"{at}\"";
            faults ??= [];
            if (faults.Count < MaxFaults && !faults.Contains(fault))
            {
                faults.Add(fault);
            }
        }

        /// <summary>A member, or without a name an item.</summary>
        private readonly record struct Step(string? Name, int Index);
    }
}
