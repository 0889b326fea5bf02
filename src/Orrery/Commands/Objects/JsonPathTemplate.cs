using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Machinery.Tables;

namespace Orrery.Commands.Objects;

/// <summary>What <c>-o jsonpath=…</c> takes, as kubectl: text, <c>{paths}</c>, <c>{"quoted text"}</c>, and <c>{range path}…{end}</c>. Where a path leads nowhere, nothing is printed.</summary>
internal sealed class JsonPathTemplate
{
    private readonly IReadOnlyList<Action<JsonElement, StringBuilder>> parts;

    private JsonPathTemplate(IReadOnlyList<Action<JsonElement, StringBuilder>> parts) => this.parts = parts;

    /// <exception cref="FormatException">Says what is wrong.</exception>
    public static JsonPathTemplate Parse(string text)
    {
        int at = 0;
        return new JsonPathTemplate(ParseParts(text, ref at, isInRange: false));
    }

    public string Of(JsonElement root)
    {
        var output = new StringBuilder();
        foreach (Action<JsonElement, StringBuilder> part in parts)
        {
            part(root, output);
        }

        return output.ToString();
    }

    private static List<Action<JsonElement, StringBuilder>> ParseParts(string text, ref int at, bool isInRange)
    {
        var found = new List<Action<JsonElement, StringBuilder>>();
        while (at < text.Length)
        {
            if (text[at] != '{')
            {
                int end = text.IndexOf('{', at) is var next && next < 0 ? text.Length : next;
                string literal = text[at..end];
                found.Add((_, output) => output.Append(literal));
                at = end;
                continue;
            }

            string inner = Inner(text, ref at);
            if (inner == "end")
            {
                return isInRange ? found : throw new FormatException("{end} without {range}");
            }

            found.Add(inner.StartsWith("range ", StringComparison.Ordinal) ? Range(inner[6..], ParseParts(text, ref at, isInRange: true)) : Part(inner));
        }

        return isInRange ? throw new FormatException("{range} without {end}") : found;
    }

    /// <summary>What stands between a brace and the one that closes it; braces within quotes are text.</summary>
    private static string Inner(string text, ref int at)
    {
        char quote = '\0';
        for (int i = at + 1; i < text.Length; i++)
        {
            if (quote != '\0')
            {
                i += text[i] == '\\' ? 1 : 0;
                quote = i < text.Length && text[i] == quote && text[i - 1] != '\\' ? '\0' : quote;
            }
            else if (text[i] is '"' or '\'')
            {
                quote = text[i];
            }
            else if (text[i] == '}')
            {
                string inner = text[(at + 1)..i].Trim();
                at = i + 1;
                return inner;
            }
        }

        throw new FormatException($"a brace is not closed: {text[at..]}");
    }

    private static Action<JsonElement, StringBuilder> Part(string inner)
    {
        if (inner.Length >= 2 && inner[0] is '"' or '\'' && inner[^1] == inner[0])
        {
            string literal = Unquote(inner);
            return (_, output) => output.Append(literal);
        }

        JsonPath path = PathOf(inner);
        return (root, output) => output.AppendJoin(' ', path.Find(root).Select(Text));
    }

    private static Action<JsonElement, StringBuilder> Range(string inner, List<Action<JsonElement, StringBuilder>> body)
    {
        JsonPath path = PathOf(inner.Trim());
        return (root, output) =>
        {
            foreach (JsonElement each in path.Find(root))
            {
                foreach (Action<JsonElement, StringBuilder> part in body)
                {
                    part(each, output);
                }
            }
        };
    }

    /// <summary><c>$</c> and <c>@</c> are where the path begins anyway.</summary>
    private static JsonPath PathOf(string inner) => JsonPath.Parse(inner is ['$' or '@', .. string rest] ? rest : inner);

    private static string Text(JsonElement found) => found.ValueKind == JsonValueKind.String ? found.GetString()! : found.GetRawText();

    private static string Unquote(string quoted)
    {
        try
        {
            string body = quoted[0] == '"' ? quoted : '"' + quoted[1..^1].Replace("\\'", "'", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + '"';
            return JsonNode.Parse(body)!.GetValue<string>();
        }
        catch (JsonException e)
        {
            throw new FormatException($"{quoted} is no text", e);
        }
    }
}
