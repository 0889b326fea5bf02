using System.Text;
using System.Text.Json.Nodes;

namespace Orrery.Machinery.Schemas.Definitions;

/// <summary>A path such as <c>.spec.parts['a.b']</c> that names a field of a schema (apiextensions <c>cel.ValidFieldPath</c>).</summary>
internal static class SchemaFieldPath
{
    /// <param name="indexable">Whether <c>['name']</c> is allowed besides <c>.name</c>.</param>
    /// <param name="fault">Why the path names nothing; null when it does.</param>
    /// <param name="names">The names along the path.</param>
    /// <returns>The schema that the path leads to; null with a fault.</returns>
    public static JsonObject? Find(string path, JsonObject schema, bool indexable, out string? fault, out IReadOnlyList<string> names)
    {
        List<string> tokens = Split(path), found = [];
        names = found;
        JsonObject at = schema;
        for (int i = 0; i < tokens.Count; i++)
        {
            string token = tokens[i];
            if (token is not ("." or "["))
            {
                fault = $"expected [ or . but got: {token}";
                return null;
            }

            if (token == "[" && !indexable)
            {
                fault = "array notation is not allowed";
                return null;
            }

            if (++i >= tokens.Count)
            {
                fault = "unexpected end of JSON path";
                return null;
            }

            string name = tokens[i];
            if (token == "[")
            {
                if (name.Length < 2 || name[0] != '\'' || name[^1] != '\'')
                {
                    fault = $"expected single quoted string but got {name}";
                    return null;
                }

                name = name[1..^1].Replace("\\'", "'", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal);
            }

            if (Member(at, name) is not { } below)
            {
                fault = "does not refer to a valid field";
                return null;
            }

            at = below;
            found.Add(name);
            if (token == "[" && (++i >= tokens.Count || tokens[i] != "]"))
            {
                fault = i >= tokens.Count ? "unexpected end of JSON path" : $"expected ] but got {tokens[i]}";
                return null;
            }
        }

        fault = null;
        return at;
    }

    private static JsonObject? Member(JsonObject schema, string name) =>
        schema["properties"] is JsonObject properties ? properties[name] as JsonObject : schema["additionalProperties"] as JsonObject;

    /// <summary>The delimiters <c>. [ ]</c> and what stands between them; within single quotes nothing delimits.</summary>
    private static List<string> Split(string path)
    {
        var tokens = new List<string>();
        var token = new StringBuilder();
        for (int i = 0; i < path.Length; i++)
        {
            bool quoted = token.Length > 0 && token[0] == '\'';
            if (!quoted && (path[i] is '.' or '[' or ']'))
            {
                Take();
                tokens.Add(path[i].ToString());
                continue;
            }

            token.Append(path[i]);
            if (quoted && path[i] == '\'' && path[i - 1] != '\\')
            {
                Take();
            }
        }

        Take();
        return tokens;

        void Take()
        {
            if (token.Length > 0)
            {
                tokens.Add(token.ToString());
                token.Clear();
            }
        }
    }
}
