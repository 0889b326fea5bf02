using System.Globalization;
using System.Text;
using Orrery.Helm.Go;

namespace Orrery.Helm.Charts;

/// <summary>How the value of a --set option is read.</summary>
internal enum SetMode
{
    Typed, String, Json, File, Literal,
}

/// <summary>
/// Helm's strvals: <c>a.b[0].c=v,d={x,y}</c>, with backslash escapes, merged into existing values. What ends early ends
/// without a fault in some places and with one in others, exactly as Helm's reader of runes does it.
/// </summary>
internal sealed class SetParser
{
    private const int MaxIndex = 65_536;
    private const int MaxDepth = 30;

    /// <summary>The end of the text where more could stand: no fault at the top.</summary>
    private sealed class EndException : Exception;

    private readonly string s;
    private readonly SetMode mode;
    private readonly Func<string, string> readFile;
    private int at;

    private SetParser(string s, SetMode mode, Func<string, string>? readFile) =>
        (this.s, this.mode, this.readFile) = (s, mode, readFile ?? (path => throw new GoException($"open {path}: no files may be read here")));

    /// <param name="readFile">Reads a file's byte string for <see cref="SetMode.File"/>.</param>
    /// <exception cref="GoException">The text says something impossible; what stood before it is already set.</exception>
    public static void Into(GoMap values, string text, SetMode mode, Func<string, string>? readFile = null)
    {
        var parser = new SetParser(text, mode, readFile);
        try
        {
            while (true)
            {
                parser.Key(values, 0);
            }
        }
        catch (EndException)
        {
            // All has been read.
        }
    }

    /// <summary>Text up to one of the stops, which is taken too; -1 at the end.</summary>
    private (string Text, int Stop) Until(string stops)
    {
        var b = new StringBuilder();
        while (at < s.Length)
        {
            char c = s[at++];
            if (stops.Contains(c, StringComparison.Ordinal))
            {
                return (b.ToString(), c);
            }

            if (c == '\\' && mode != SetMode.Literal)
            {
                if (at == s.Length)
                {
                    break;
                }

                c = s[at++];
            }

            b.Append(c);
        }

        return (b.ToString(), -1);
    }

    private static void Set(GoMap data, string key, object? value)
    {
        if (key.Length > 0)
        {
            data[key] = value;
        }
    }

    private void Key(GoMap data, int depth)
    {
        (string key, int stop) = Until(mode == SetMode.Literal ? "=[." : "=[,.");
        switch (stop)
        {
            case -1:
                throw key.Length == 0 ? new EndException() : new GoException($"key {GoQuote.Quote(key)} has no value");
            case '[':
                int index = Index();
                List<object?> list = data.TryGet(key, out object? known) ? Known<GoSlice>(known, "[]interface {}").Items.ToList() : [];
                Set(data, key, new GoSlice(Item(list, index, depth)));
                return;
            case '=':
                Assign(v => Set(data, key, v));
                return;
            case ',':
                Set(data, key, "");
                throw new GoException($"key {GoQuote.Quote(key)} has no value (cannot end with ,)");
        }

        if (depth + 1 > MaxDepth)
        {
            throw new GoException($"value name nested level is greater than maximum supported nested level of {MaxDepth}");
        }

        GoMap inner = data.TryGet(key, out object? table) ? Known<GoMap>(table, "map[string]interface {}") : new GoMap();
        try
        {
            Key(inner, depth + 1);
        }
        catch (Exception e) when (e is EndException or GoException && inner.Count > 0)
        {
            Set(data, key, inner);
            throw;
        }

        if (inner.Count == 0)
        {
            throw new GoException($"key map {GoQuote.Quote(key)} has no value");
        }

        Set(data, key, inner);
    }

    private static T Known<T>(object? value, string type)
        where T : class => value as T ?? throw new GoException(
            $"unable to parse key: interface conversion: interface {{}} is {(value is null ? "nil" : GoTypes.TypeOf(value))}, not {type}");

    private int Index()
    {
        (string text, int stop) = Until("]");
        if (stop < 0)
        {
            throw new GoException("error parsing index: EOF");
        }

        string digits = text.Length > 0 && text[0] is '+' or '-' ? text[1..] : text;
        if (digits.Length == 0 || !digits.All(char.IsAsciiDigit))
        {
            throw new GoException($"error parsing index: strconv.Atoi: parsing {GoQuote.Quote(text)}: invalid syntax");
        }

        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long n) ? (int)Math.Clamp(n, int.MinValue, int.MaxValue)
            : throw new GoException($"error parsing index: strconv.Atoi: parsing {GoQuote.Quote(text)}: value out of range");
    }

    private static List<object?> SetIndex(List<object?> list, int index, object? value)
    {
        if (index > MaxIndex)
        {
            throw new GoException(FormattableString.Invariant($"index of {index} is greater than maximum supported index of {MaxIndex}"));
        }

        while (list.Count <= index)
        {
            list.Add(null);
        }

        list[index] = value;
        return list;
    }

    private List<object?> Item(List<object?> list, int index, int depth)
    {
        if (index < 0)
        {
            throw new GoException(FormattableString.Invariant($"negative {index} index not allowed"));
        }

        (string between, int stop) = Until("[.=");
        if (between.Length > 0)
        {
            throw new GoException($"unexpected data at end of array index: [{string.Join(' ', Utf8.Runes(between).Select(r => GoQuote.QuoteRune(r.Rune)))}]");
        }

        object? known = index < list.Count ? list[index] : null;
        switch (stop)
        {
            case -1:
                throw new EndException();
            case '=':
                Assign(v => SetIndex(list, index, v));
                return list;
            case '[':
                int next = Index();
                List<object?> nested = known is null ? [] : Known<GoSlice>(known, "[]interface {}").Items.ToList();
                return SetIndex(list, index, new GoSlice(Item(nested, next, depth)));
        }

        GoMap inner = known as GoMap ?? new GoMap();
        Key(inner, depth);
        return SetIndex(list, index, inner);
    }

    /// <summary>Reads what stands behind the equals sign.</summary>
    private void Assign(Action<object?> set)
    {
        switch (mode)
        {
            case SetMode.Literal:
                set(s[at..]);
                at = s.Length;
                return;
            case SetMode.Json:
                Json(set);
                return;
        }

        if (at >= s.Length)
        {
            set("");
            throw new EndException();
        }

        if (s[at] != '{')
        {
            set(Value(Until(",").Text));
            return;
        }

        at++;
        set(List());
    }

    private GoSlice List()
    {
        var items = new List<object?>();
        while (true)
        {
            (string text, int stop) = Until(",}");
            if (stop < 0)
            {
                throw new GoException("list must terminate with '}'");
            }

            items.Add(Value(text));
            if (stop == '}')
            {
                at += at < s.Length && s[at] == ',' ? 1 : 0;
                return new GoSlice(items);
            }
        }
    }

    private void Json(Action<object?> set)
    {
        if (Blank())
        {
            set(null);
            return;
        }

        int length = GoJson.Prefix(s[at..], out object? value);
        set(value);
        at += length;
        Blank();
    }

    /// <summary>Skips blanks; true when a comma, which is taken, or the end follows.</summary>
    private bool Blank()
    {
        while (at < s.Length)
        {
            if (s[at] == ',')
            {
                at++;
                return true;
            }

            if (!char.IsWhiteSpace(s[at]))
            {
                return false;
            }

            at++;
        }

        return true;
    }

    private object? Value(string text)
    {
        if (mode == SetMode.File)
        {
            return readFile(text);
        }

        if (mode == SetMode.String)
        {
            return text;
        }

        switch (text.ToLowerInvariant())
        {
            case "true":
                return true;
            case "false":
                return false;
            case "null":
                return null;
            case "0":
                return 0L;
        }

        return !text.StartsWith('0') && GoParse.Integer(text, 10) is { } n && n >= long.MinValue && n <= long.MaxValue ? (long)n : text;
    }
}
