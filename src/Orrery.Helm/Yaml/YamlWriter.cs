using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Orrery.Helm.Go;
using Orrery.Helm.Host;

namespace Orrery.Helm.Yaml;

/// <summary>Writes values as sigs.k8s.io/yaml does: JSON first, then go-yaml v2's emitter in block style, 80 columns wide.</summary>
internal sealed partial class YamlWriter
{
    private const int BestWidth = 80;

    private readonly StringBuilder b = new();
    private readonly bool indentSequences;
    private readonly int bestWidth;
    private int column;
    private bool whitespace = true;
    private bool indention = true;

    private YamlWriter(bool pretty) => (indentSequences, bestWidth) = (pretty, pretty ? int.MaxValue : BestWidth);

    /// <summary>The text with its final line end.</summary>
    /// <exception cref="GoException">The value has no JSON form.</exception>
    public static string Write(object? value, bool pretty = false)
    {
        var writer = new YamlWriter(pretty);
        writer.Node(pretty ? Direct(value) : ThroughJson(value), -1, inMapping: false, simpleKey: false);
        if (writer.column > 0 || !writer.indention)
        {
            writer.b.Append('\n');
        }

        return writer.b.ToString();
    }

    /// <summary>Only strings, bools, nil, numbers, maps and lists remain, as after a way through JSON.</summary>
    private static object? ThroughJson(object? value) => value switch
    {
        GoMap { IsNil: true } or GoSlice { IsNil: true } => null,
        GoMap map => GoMap.Of(map.Items.Select(i => KeyValuePair.Create(Valid(i.Key), Part(i.Value)))),
        GoSlice { Type: "[]uint8" } bytes => Convert.ToBase64String([.. bytes.Items.Select(i => (byte)i!)]),
        GoSlice list => new GoSlice([.. list.Items.Select(Part)]),
        OrderedFields fields => GoMap.Of(fields.Fields.Select(f => KeyValuePair.Create(f.Name, ThroughJson(f.Value)))),
        GoObject o => ThroughJson(o.Json),
        System.Numerics.Complex => throw new GoException("error marshaling into JSON: json: unsupported type: complex128"),
        double d when !double.IsFinite(d) => throw new GoException("error marshaling into JSON: json: unsupported value: " + GoFloat.Format(d, 'g', -1)),
        string s => Valid(s),
        _ => value,
    };

    /// <summary>toYamlPretty has no JSON between: strings stay as they are, and what is nil is empty.</summary>
    private static object? Direct(object? value)
    {
        Templates.RenderBudget.Copy();
        return value switch
        {
            GoMap map => GoMap.Of(map.Items.Select(i => KeyValuePair.Create(i.Key, Direct(i.Value)))),
            GoSlice { Type: not "[]uint8" } list => new GoSlice([.. list.Items.Select(Direct)]),
            GoSlice or GoObject => ThroughJson(value),
            _ => value,
        };
    }

    private static object? Part(object? value)
    {
        Templates.RenderBudget.Copy();
        return ThroughJson(value);
    }

    /// <summary>
    /// The JSON between is read as YAML again: control characters that JSON does not escape are refused there, and the
    /// next-line character is a line break, which folds.
    /// </summary>
    private static string Valid(string s)
    {
        if (s.All(c => c < 0x7F))
        {
            return s;
        }

        string text = Utf8.ToText(s);
        if (text.Any(c => c is '\x7F' or (>= '\x80' and < '\xA0' and not '\x85') or '\uFFFE' or '\uFFFF'))
        {
            throw new GoException("yaml: control characters are not allowed");
        }

        return Utf8.FromText(NextLines().Replace(text, m => m.Value.Count(c => c == '\x85') is 1 ? " " : new string('\n', m.Value.Count(c => c == '\x85') - 1)));
    }

    [GeneratedRegex(@" *\x85[ \x85]*")]
    private static partial Regex NextLines();

    private void Put(string text)
    {
        b.Append(text);
        column += Utf8.Count(text);
    }

    private void Break()
    {
        b.Append('\n');
        column = 0;
    }

    private void Indent(int indent)
    {
        indent = Math.Max(indent, 0);
        if (!indention || column > indent || (column == indent && !whitespace))
        {
            Break();
        }

        while (column < indent)
        {
            Put(" ");
        }

        whitespace = true;
        indention = true;
    }

    private void Indicator(string text, bool needWhitespace, bool isWhitespace, bool isIndention)
    {
        if (needWhitespace && !whitespace)
        {
            Put(" ");
        }

        Put(text);
        whitespace = isWhitespace;
        indention = indention && isIndention;
    }

    private void Node(object? value, int indent, bool inMapping, bool simpleKey)
    {
        Templates.RenderBudget.Visit(b.Length);
        switch (value)
        {
            case GoMap { Count: 0 }:
                Indicator("{", true, true, false);
                Indicator("}", false, false, false);
                return;
            case GoSlice { Count: 0 }:
                Indicator("[", true, true, false);
                Indicator("]", false, false, false);
                return;
            case GoMap map:
                Mapping(map, indent < 0 ? 0 : indent + 2);
                return;
            case GoSlice list:
                Sequence(list, indent < 0 ? 0 : inMapping && !indention && !indentSequences ? indent : indent + 2);
                return;
            default:
                Scalar(value, indent < 0 ? 2 : indent + 2, simpleKey);
                return;
        }
    }

    private void Sequence(GoSlice list, int indent)
    {
        foreach (object? item in list.Items)
        {
            Indent(indent);
            Indicator("-", true, false, true);
            Node(item, indent, inMapping: false, simpleKey: false);
        }
    }

    private void Mapping(GoMap map, int indent)
    {
        foreach (string key in map.Keys.Order(NaturalOrder.Instance))
        {
            Indent(indent);
            if (key.Length <= 128 && !key.Contains('\n', StringComparison.Ordinal) && !new ScalarShape(key).Multiline)
            {
                Scalar(key, indent + 2, simpleKey: true);
                Indicator(":", false, false, false);
            }
            else
            {
                Indicator("?", true, false, true);
                Scalar(key, indent + 2, simpleKey: false);
                Indent(indent);
                Indicator(":", true, false, true);
            }

            Node(map[key], indent, inMapping: true, simpleKey: false);
        }
    }

    private void Scalar(object? value, int indent, bool simpleKey)
    {
        switch (value)
        {
            case null:
                Plain("null", indent, false);
                return;
            case bool flag:
                Plain(flag ? "true" : "false", indent, false);
                return;
            case string s:
                Text(s, indent, simpleKey);
                return;
            case double d:
                string json = GoJson.Number(d);
                bool whole = YamlResolve.Resolve(json) is not double && !indentSequences;
                Plain(!whole ? GoFloat.Format(d, 'g', -1) : d == 0 ? "0" : json, indent, false);
                return;
            default:
                Plain(GoTypes.Integer(value)!.Value.ToString(CultureInfo.InvariantCulture), indent, false);
                return;
        }
    }
}
