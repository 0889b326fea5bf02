using System.Text;
using Orrery.Helm.Go;

namespace Orrery.Helm.Charts;

/// <summary>How the value of a --set option is read: with types, as a string, or as JSON.</summary>
internal enum SetMode
{
    Typed, String, Json,
}

/// <summary>Helm's strvals: <c>a.b[0].c=v,d={x,y}</c>, with backslash escapes, merged into existing values.</summary>
internal sealed class SetParser
{
    private const int MaxIndex = 65_536;
    private const int MaxDepth = 30;

    private readonly string s;
    private readonly SetMode mode;
    private int at;

    private SetParser(string s, SetMode mode) => (this.s, this.mode) = (s, mode);

    public static void Into(GoMap values, string text, SetMode mode)
    {
        var parser = new SetParser(text, mode);
        while (parser.at < text.Length)
        {
            parser.Key(values, 0);
        }
    }

    private (string Text, char? Stop) Until(string stops)
    {
        var b = new StringBuilder();
        while (at < s.Length)
        {
            char c = s[at++];
            if (stops.Contains(c, StringComparison.Ordinal))
            {
                return (b.ToString(), c);
            }

            if (c == '\\' && at < s.Length)
            {
                c = s[at++];
            }

            b.Append(c);
        }

        return (b.ToString(), null);
    }

    private void Key(GoMap data, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new GoException($"value name nested level is greater than maximum supported nested level of {MaxDepth}");
        }

        (string key, char? stop) = Until("=[,.");
        switch (stop)
        {
            case null:
                if (key.Length > 0)
                {
                    throw new GoException($"key {GoQuote.Quote(key)} has no value");
                }

                return;
            case '[':
                int index = Index();
                var list = data[key] as GoSlice;
                data[key] = Item([.. list?.Items ?? []], index, depth);
                return;
            case '=':
                data[key] = Value();
                return;
            case ',':
                throw new GoException($"key {GoQuote.Quote(key)} has no value (cannot end with ,)");
            default:
                GoMap inner = data.TryGet(key, out object? known) && known is GoMap map ? map : new GoMap();
                Key(inner, depth + 1);
                if (inner.Count == 0)
                {
                    throw new GoException($"key map {GoQuote.Quote(key)} has no value");
                }

                data[key] = inner;
                return;
        }
    }

    private int Index()
    {
        (string text, char? stop) = Until("]");
        if (stop is null || !long.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out long n))
        {
            throw new GoException($"error parsing index: strconv.Atoi: parsing {GoQuote.Quote(text)}: invalid syntax");
        }

        return n < 0 ? throw new GoException($"negative {n} index not allowed")
            : n > MaxIndex ? throw new GoException($"index of {n} is greater than maximum supported index of {MaxIndex}") : (int)n;
    }

    private GoSlice Item(List<object?> list, int index, int depth)
    {
        while (list.Count <= index)
        {
            list.Add(null);
        }

        (string between, char? stop) = Until("[.=");
        if (between.Length > 0)
        {
            throw new GoException($"unexpected data at end of array index: {GoQuote.Quote(between)}");
        }

        switch (stop)
        {
            case '=':
                list[index] = Value();
                break;
            case '[':
                list[index] = Item([.. (list[index] as GoSlice)?.Items ?? []], Index(), depth + 1);
                break;
            case '.':
                GoMap inner = list[index] as GoMap ?? new GoMap();
                Key(inner, depth + 1);
                list[index] = inner;
                break;
        }

        return new GoSlice(list);
    }

    private object? Value()
    {
        if (mode == SetMode.Json)
        {
            return JsonValue();
        }

        if (at < s.Length && s[at] == '{')
        {
            at++;
            return List();
        }

        return Typed(Until(",").Text);
    }

    private GoSlice List()
    {
        var items = new List<object?>();
        while (true)
        {
            (string text, char? stop) = Until(",}");
            if (stop is null)
            {
                throw new GoException("list must terminate with '}'");
            }

            if (stop == '}')
            {
                if (text.Length > 0 || items.Count > 0)
                {
                    items.Add(Typed(text));
                }

                if (at < s.Length && s[at] == ',')
                {
                    at++;
                }

                return new GoSlice(items);
            }

            items.Add(Typed(text));
        }
    }

    /// <summary>One JSON text, up to the comma behind it.</summary>
    private object? JsonValue()
    {
        GoException? last = null;
        for (int end = s.Length; end > at; end = s.LastIndexOf(',', end - 1) is var comma && comma > at ? comma : at)
        {
            try
            {
                object? value = GoJson.Read(s[at..end]);
                at = Math.Min(end + 1, s.Length);
                return value;
            }
            catch (GoException e)
            {
                last = e;
            }
        }

        throw last ?? new GoException("unexpected end of JSON input");
    }

    private object? Typed(string text)
    {
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
