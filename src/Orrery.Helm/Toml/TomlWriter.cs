using System.Globalization;
using System.Text;
using Orrery.Helm.Go;
using Orrery.Helm.Host;
using Orrery.Helm.Time;

namespace Orrery.Helm.Toml;

/// <summary>Writes values as BurntSushi's toml does: plain keys of a table first, then its tables, each sorted.</summary>
internal sealed class TomlWriter
{
    private readonly StringBuilder b = new();

    /// <exception cref="GoException">The value has no TOML form; the text is the encoder's.</exception>
    public static string Write(object? value)
    {
        if (value is null)
        {
            throw new InvalidOperationException("nil has no type");
        }

        var writer = new TomlWriter();
        writer.Encode([], value);
        return writer.b.ToString();
    }

    private static bool IsNil(object? value) => value is null or GoMap { IsNil: true } or GoSlice { IsNil: true };

    private static bool IsTable(object? value) => value is GoMap or GoObject { Kind: "struct" or "ptr", Text: null };

    private static bool IsTableList(object? value)
    {
        if (value is not GoSlice { IsNil: false, Count: > 0, Type: not "[]uint8" } list)
        {
            return false;
        }

        return list.Items.Any(IsNil) ? throw new GoException("toml: cannot encode array with nil element") : list.Items.All(IsTable);
    }

    private void Encode(string[] key, object value)
    {
        if (IsTableList(value))
        {
            foreach (object? table in ((GoSlice)value).Items)
            {
                if (key.Length == 0)
                {
                    throw new GoException("toml: top-level values must be Go maps or structs");
                }

                NewLine();
                b.Append(Indent(key)).Append("[[").Append(Name(key)).Append("]]");
                NewLine();
                Table(key, table!);
            }
        }
        else if (!IsTable(value))
        {
            KeyValue(key, value);
        }
        else
        {
            if (key.Length == 1)
            {
                NewLine();
            }

            if (key.Length > 0)
            {
                b.Append(Indent(key)).Append('[').Append(Name(key)).Append(']');
                NewLine();
            }

            Table(key, value);
        }
    }

    private void NewLine() => b.Append(b.Length > 0 ? "\n" : "");

    private static string Indent(string[] key) => new(' ', 2 * (key.Length - 1));

    private static string Name(IEnumerable<string> key) => string.Join('.', key.Select(Bare));

    private static string Bare(string part) =>
        part.Length > 0 && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-') ? part : Quoted(part);

    private void KeyValue(string[] key, object value)
    {
        if (key.Length == 0)
        {
            Element(value);
            return;
        }

        b.Append(Indent(key)).Append(Bare(key[^1])).Append(" = ");
        Element(value);
        NewLine();
    }

    private static IEnumerable<(string Key, object? Value)> Members(object table) => table switch
    {
        GoMap map => map.Items.Select(i => (i.Key, i.Value)),
        GoObject o => o.Json is OrderedFields fields ? fields.Fields : o.Fields,
        _ => [],
    };

    private void Table(string[] key, object table)
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        var members = Members(table).Select(m => (m.Key, m.Value, IsSub: IsTable(m.Value) || IsTableList(m.Value))).ToList();
        foreach ((string name, object? value, _) in members.OrderBy(m => m.IsSub).ThenBy(m => m.Key, StringComparer.Ordinal))
        {
            if (!IsNil(value))
            {
                Encode([.. key, name], value!);
            }
        }
    }

    private void Element(object? value)
    {
        switch (value)
        {
            case string s:
                b.Append(Quoted(s));
                return;
            case bool flag:
                b.Append(flag ? "true" : "false");
                return;
            case double d:
                b.Append(Float(d));
                return;
            case GoTime t:
                b.Append(GoTimeFormat.Format(t, "2006-01-02T15:04:05.999999999Z07:00"));
                return;
            case GoSlice list:
                b.Append('[');
                for (int i = 0; i < list.Count; i++)
                {
                    b.Append(i > 0 ? ", " : "");
                    Element(list.Items[i]);
                }

                b.Append(']');
                return;
            case GoObject { Text: { } text } and not GoNamedInt:
                b.Append(Quoted(text));
                return;
            case GoMap or GoObject when IsTable(value):
                Inline(value);
                return;
            default:
                b.Append((GoTypes.Integer(value) ?? throw new GoException($"unsupported type: {GoTypes.TypeOf(value)}")).ToString(CultureInfo.InvariantCulture));
                return;
        }
    }

    private void Inline(object table)
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        (string Key, object? Value)[] members = [.. Members(table).OrderBy(m => IsTable(m.Value) || IsTableList(m.Value)).ThenBy(m => m.Key, StringComparer.Ordinal)];
        b.Append('{');
        for (int i = 0; i < members.Length; i++)
        {
            if (!IsNil(members[i].Value))
            {
                b.Append(Bare(members[i].Key)).Append(" = ");
                Element(members[i].Value);
                b.Append(i < members.Length - 1 ? ", " : "");
            }
        }

        b.Append('}');
    }

    private static string Float(double d)
    {
        if (double.IsNaN(d))
        {
            return "nan";
        }

        if (double.IsInfinity(d))
        {
            return d > 0 ? "+inf" : "-inf";
        }

        string text = GoFloat.Format(d, 'g', -1);
        return text.IndexOfAny(['e', '.']) >= 0 ? text : text + ".0";
    }

    private static string Quoted(string s)
    {
        var quoted = new StringBuilder("\"");
        foreach (char c in s)
        {
            quoted.Append(c switch
            {
                '\t' => "\\t",
                '\n' => "\\n",
                '\r' => "\\r",
                '\b' => "\\b",
                '\f' => "\\f",
                '"' => "\\\"",
                '\\' => "\\\\",
                < ' ' or '\x7F' => "\\u" + ((int)c).ToString("x4", CultureInfo.InvariantCulture),
                _ => c.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }
}
