using System.Globalization;
using System.Text.Json;

namespace Orrery.Machinery.Tables;

/// <summary>
/// A JSONPath as Kubernetes has it (client-go <c>util/jsonpath</c>): members, indexes, slices, wildcards, descent, unions and filters,
/// with or without the braces of a template. Parsed once; immutable.
/// </summary>
public sealed class JsonPath
{
    private readonly IReadOnlyList<Func<JsonElement, IEnumerable<JsonElement>>> steps;

    private JsonPath(string text, IReadOnlyList<Func<JsonElement, IEnumerable<JsonElement>>> steps)
    {
        Text = text;
        this.steps = steps;
    }

    public string Text { get; }

    /// <exception cref="FormatException">Says what is wrong and where.</exception>
    public static JsonPath Parse(string text)
    {
        string path = text.Trim();
        if (path.StartsWith('{') && path.EndsWith('}'))
        {
            path = path[1..^1].Trim();
        }

        return new JsonPath(text, new Parser(path).ParseAll());
    }

    /// <summary>Everything that the path leads to; empty where it leads nowhere.</summary>
    public IReadOnlyList<JsonElement> Find(JsonElement root)
    {
        IEnumerable<JsonElement> at = [root];
        foreach (Func<JsonElement, IEnumerable<JsonElement>> step in steps)
        {
            at = at.SelectMany(step);
        }

        return [.. at];
    }

    private static IEnumerable<JsonElement> Member(JsonElement o, string name) =>
        o.ValueKind == JsonValueKind.Object && o.TryGetProperty(name, out JsonElement member) ? [member] : [];

    private static IEnumerable<JsonElement> Children(JsonElement o) => o.ValueKind switch
    {
        JsonValueKind.Array => o.EnumerateArray(),
        JsonValueKind.Object => o.EnumerateObject().Select(m => m.Value),
        _ => [],
    };

    private static IEnumerable<JsonElement> Descend(JsonElement o, string name) =>
        Member(o, name).Concat(Children(o).SelectMany(c => Descend(c, name)));

    private static IEnumerable<JsonElement> Slice(JsonElement list, int? start, int? end, int step)
    {
        if (list.ValueKind != JsonValueKind.Array)
        {
            yield break;
        }

        int length = list.GetArrayLength();
        int from = Math.Clamp(start is < 0 ? start.Value + length : start ?? 0, 0, length);
        int to = Math.Clamp(end is < 0 ? end.Value + length : end ?? length, 0, length);
        for (int i = from; i < to; i += step)
        {
            yield return list[i];
        }
    }

    /// <summary>Reads a path from left to right.</summary>
    private sealed class Parser(string text)
    {
        private int at;

        public List<Func<JsonElement, IEnumerable<JsonElement>>> ParseAll()
        {
            var steps = new List<Func<JsonElement, IEnumerable<JsonElement>>>();
            if (at < text.Length && text[at] is '$' or '@')
            {
                at++;
            }

            while (at < text.Length)
            {
                steps.Add(ParseStep());
            }

            return steps;
        }

        private Func<JsonElement, IEnumerable<JsonElement>> ParseStep()
        {
            if (text[at] == '[')
            {
                int end = ClosingBracket();
                string inside = text[(at + 1)..end];
                at = end + 1;
                return ParseBrackets(inside);
            }

            bool descends = false;
            if (text[at] == '.')
            {
                at++;
                if (at < text.Length && text[at] == '.')
                {
                    descends = true;
                    at++;
                }
            }

            if (at < text.Length && text[at] == '[' && !descends)
            {
                return ParseStep();
            }

            string name = ReadName();
            if (name.Length == 0)
            {
                // A lone dot names the object itself.
                return at == text.Length && !descends ? o => [o] : throw new FormatException($"unexpected character in JSONPath {text} at {at}");
            }

            return name == "*" ? Children : descends ? o => Descend(o, name) : o => Member(o, name);
        }

        private string ReadName()
        {
            var name = new System.Text.StringBuilder();
            while (at < text.Length && text[at] is not ('.' or '['))
            {
                if (text[at] == '\\' && at + 1 < text.Length)
                {
                    at++;
                }

                name.Append(text[at++]);
            }

            return name.ToString();
        }

        /// <summary>Quotes and nested brackets are skipped.</summary>
        private int ClosingBracket()
        {
            char quote = '\0';
            int depth = 0;
            for (int i = at; i < text.Length; i++)
            {
                char c = text[i];
                if (quote != '\0')
                {
                    quote = c == quote ? '\0' : quote;
                }
                else if (c is '\'' or '"')
                {
                    quote = c;
                }
                else if (c == '[')
                {
                    depth++;
                }
                else if (c == ']' && --depth == 0)
                {
                    return i;
                }
            }

            throw new FormatException($"unterminated array in JSONPath {text}");
        }

        private Func<JsonElement, IEnumerable<JsonElement>> ParseBrackets(string inside)
        {
            string trimmed = inside.Trim();
            if (trimmed == "*")
            {
                return Children;
            }

            if (trimmed.StartsWith("?(", StringComparison.Ordinal) && trimmed.EndsWith(')'))
            {
                JsonPathFilter filter = JsonPathFilter.Parse(trimmed[2..^1]);
                return o => Children(o).Where(filter.Holds);
            }

            if (trimmed.Length > 1 && trimmed[0] is '\'' or '"')
            {
                string[] names = [.. trimmed.Split(',').Select(n => n.Trim().Trim('\'', '"'))];
                return o => names.SelectMany(n => Member(o, n));
            }

            if (trimmed.Contains(',', StringComparison.Ordinal))
            {
                int[] indexes = [.. trimmed.Split(',').Select(Integer)];
                return o => indexes.SelectMany(i => Slice(o, i, i == -1 ? null : i + 1, 1));
            }

            string[] parts = trimmed.Split(':');
            if (parts.Length == 1)
            {
                int index = Integer(parts[0]);
                return o => Slice(o, index, index == -1 ? null : index + 1, 1);
            }

            int? start = parts[0].Length == 0 ? null : Integer(parts[0]);
            int? end = parts[1].Length == 0 ? null : Integer(parts[1]);
            int step = parts.Length > 2 && parts[2].Length > 0 ? Integer(parts[2]) : 1;
            return step > 0 ? o => Slice(o, start, end, step) : throw new FormatException($"step must be > 0 in JSONPath {text}");
        }

        private int Integer(string part) => int.TryParse(part.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value)
            ? value
            : throw new FormatException($"invalid array index {part} in JSONPath {text}");
    }
}
