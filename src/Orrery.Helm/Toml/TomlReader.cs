using Orrery.Helm.Go;

namespace Orrery.Helm.Toml;

/// <summary>Reads TOML 1.0 into maps as BurntSushi's toml does; faults carry its texts, line and last key.</summary>
internal sealed partial class TomlReader
{
    private const int MaxDepth = 500;

    /// <summary>Part of the path of what stands in an inline table, so that no other table meets it.</summary>
    private const string InlineMark = "\u0001";

    private enum Origin
    {
        Header, Implicit, Dotted, Inline, Value, List,
    }

    private readonly string s;
    private readonly GoMap root = new();
    private readonly Dictionary<string, Origin> defined = new(StringComparer.Ordinal);
    private string[] context = [];
    private string[] current = [];
    private int at;
    private int line = 1;

    private TomlReader(string text) => s = text;

    /// <exception cref="GoException">It is no TOML.</exception>
    public static GoMap Read(string bytes)
    {
        if (Utf8.Runes(bytes).Any(r => r.Rune == Utf8.ErrorRune && r.Size == 1))
        {
            throw new GoException("toml: line 1: invalid UTF-8 byte");
        }

        var reader = new TomlReader(bytes.StartsWith("\xEF\xBB\xBF", StringComparison.Ordinal) ? bytes[3..] : bytes);
        reader.File();
        return reader.root;
    }

    private GoException Fault(string message)
    {
        string last = Dotted([.. context, .. current]);
        return new GoException(FormattableString.Invariant($"toml: line {line}{(last.Length == 0 ? "" : $" (last key {GoQuote.Quote(last)})")}: {message}"));
    }

    private static string Dotted(IEnumerable<string> key) => string.Join('.', key.Where(p => p != InlineMark));

    private int Peek(int ahead = 0) => at + ahead < s.Length ? s[at + ahead] : -1;

    private string Shown => GoQuote.QuoteRune(Utf8.Decode(s, at).Rune);

    private void Blanks()
    {
        while (Peek() is ' ' or '\t')
        {
            at++;
        }
    }

    private bool NewLine()
    {
        int size = Peek() == '\n' ? 1 : Peek() == '\r' && Peek(1) == '\n' ? 2 : 0;
        at += size;
        line += size > 0 ? 1 : 0;
        return size > 0;
    }

    private void Comment()
    {
        if (Peek() != '#')
        {
            return;
        }

        while (Peek() is >= 0 and not '\n')
        {
            if (Peek() is (< ' ' and not '\t' and not '\r') or 0x7F)
            {
                throw Fault(FormattableString.Invariant($"control characters are not allowed inside comments: 0x{Peek():x2}"));
            }

            at++;
        }
    }

    private void SkipAll()
    {
        do
        {
            Blanks();
            Comment();
        }
        while (NewLine());
    }

    private void File()
    {
        for (SkipAll(); at < s.Length; SkipAll())
        {
            if (Peek() == '[')
            {
                Header();
            }
            else
            {
                KeyValue(root, context, inline: false, 0);
            }

            Blanks();
            Comment();
            if (at < s.Length && Peek() is not ('\n' or '\r'))
            {
                throw Fault($"expected a top-level item to end with a newline, comment, or EOF, but got {Shown} instead");
            }
        }
    }

    private void Header()
    {
        bool list = Peek(1) == '[';
        at += list ? 2 : 1;
        context = [];
        current = [];
        string[] key = Key(']', header: true);
        at++;
        if (list)
        {
            if (Peek() != ']')
            {
                throw Fault($"expected end of table array name delimiter ']', but got {(Peek() < 0 ? "EOF" : Shown)} instead");
            }

            at++;
        }

        context = key;
        GoMap parent = Descend(root, [], key[..^1], Origin.Implicit);
        string path = Path(key);
        if (list)
        {
            AppendTable(parent, key, path);
            return;
        }

        if (parent.TryGet(key[^1], out object? known))
        {
            if (known is not GoMap || defined.GetValueOrDefault(path) != Origin.Implicit)
            {
                throw Fault($"Key '{Dotted(key)}' has already been defined.");
            }
        }
        else
        {
            parent[key[^1]] = new GoMap();
        }

        defined[path] = Origin.Header;
    }

    private void AppendTable(GoMap parent, string[] key, string path)
    {
        var table = new GoMap();
        if (!parent.TryGet(key[^1], out object? known))
        {
            parent[key[^1]] = new GoSlice([table], "[]map[string]interface {}");
        }
        else if (known is GoSlice tables && defined.GetValueOrDefault(path) == Origin.List)
        {
            parent[key[^1]] = new GoSlice([.. tables.Items, table], "[]map[string]interface {}");
            foreach (string inner in defined.Keys.Where(k => k.StartsWith(path + "\0", StringComparison.Ordinal)).ToArray())
            {
                defined.Remove(inner);
            }
        }
        else
        {
            throw Fault($"Key '{Dotted(key)}' was already created and cannot be used as an array.");
        }

        defined[path] = Origin.List;
    }

    private static string Path(IEnumerable<string> key) => string.Join('\0', key);

    /// <summary>Goes down through tables, makes those that are missing; of a list of tables the last one counts.</summary>
    private GoMap Descend(GoMap from, string[] prefix, string[] key, Origin made)
    {
        for (int i = 0; i < key.Length; i++)
        {
            string path = Path([.. prefix, .. key[..(i + 1)]]);
            if (!from.TryGet(key[i], out object? next))
            {
                next = from[key[i]] = new GoMap();
                defined[path] = made;
            }

            Origin origin = defined.GetValueOrDefault(path, Origin.Value);
            bool closed = origin is Origin.Inline or Origin.Value || (made == Origin.Dotted && origin is Origin.Header or Origin.List && prefix.Length + i >= context.Length);
            from = next switch
            {
                GoMap table when !closed => table,
                GoSlice { Count: > 0 } tables when origin == Origin.List && !closed => (GoMap)tables.Items[^1]!,
                _ => throw Fault($"Key '{Dotted(prefix.Concat(key[..(i + 1)]))}' has already been defined."),
            };
        }

        return from;
    }

    private void KeyValue(GoMap into, string[] prefix, bool inline, int depth)
    {
        string[] outer = current;
        string[] key = Key('=', header: false);
        at++;
        current = inline ? [.. outer, .. key] : key;
        GoMap table = inline ? into : Descend(root, [], prefix, Origin.Implicit);
        Blanks();
        string[] whole = [.. prefix, .. key];
        if (Peek() is < 0 or '\n' or '\r' or '#')
        {
            throw Fault(Peek() < 0 ? "unexpected EOF; expected value" : $"expected value but found {Shown} instead");
        }

        (object? value, Origin origin) = Value(depth, whole);
        GoMap parent = Descend(table, prefix, key[..^1], Origin.Dotted);
        if (parent.Contains(key[^1]))
        {
            throw Fault($"Key '{Dotted(whole)}' has already been defined.");
        }

        parent[key[^1]] = value;
        defined[Path(whole)] = origin;
        current = outer;
    }

    private string[] Key(char end, bool header)
    {
        var parts = new List<string>();
        while (true)
        {
            Blanks();
            int c = Peek();
            if (c < 0)
            {
                throw Fault(header ? "unexpected EOF; expected table name" : "unexpected EOF; expected key");
            }

            if (c is '"' or '\'')
            {
                parts.Add(c == '"' ? Basic() : Literal());
            }
            else if (IsBare(c))
            {
                int from = at;
                while (IsBare(Peek()))
                {
                    at++;
                }

                parts.Add(s[from..at]);
            }
            else
            {
                throw Fault(header && c == ']' ? "unexpected end of table name (table names cannot be empty)"
                    : c == '.' ? "unexpected '.' (keys cannot start with '.')"
                    : c == '=' ? "unexpected '=': key name appears blank"
                    : header ? $"expected '.' or ']' to end table name, but got {Shown} instead"
                    : c < ' ' && c is not '\n' and not '\r' and not '\t' || c == 0x7F ? FormattableString.Invariant($"TOML files cannot contain control characters: '0x{c:x2}'")
                    : $"expected '.' or '=', but got {Shown} instead");
            }

            Blanks();
            if (Peek() == '.')
            {
                at++;
                continue;
            }

            if (Peek() == end)
            {
                return [.. parts];
            }

            throw Fault(Peek() < 0 ? (header ? "unexpected EOF; expected end of table name" : "unexpected EOF; expected key separator '='")
                : header ? $"expected '.' or ']' to end table name, but got {Shown} instead"
                : $"expected '.' or '=', but got {Shown} instead");
        }
    }

    private static bool IsBare(int c) => c is '_' or '-' || (c > 0 && char.IsAsciiLetterOrDigit((char)c));
}
