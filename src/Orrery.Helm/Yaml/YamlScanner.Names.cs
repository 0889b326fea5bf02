using System.Globalization;
using System.Text;
using Orrery.Helm.Go;

namespace Orrery.Helm.Yaml;

// Directives, anchors, aliases and tags.
internal sealed partial class YamlScanner
{
    private static bool IsWord(int c) => c is '_' or '-' || (c > 0 && char.IsAsciiLetterOrDigit((char)c));

    private string Word()
    {
        int from = pos;
        while (IsWord(At()))
        {
            Advance();
        }

        return input[from..pos];
    }

    private void SkipBlanks()
    {
        while (IsBlank())
        {
            Advance();
        }
    }

    private void Directive()
    {
        YamlMark start = Mark;
        Advance();
        string name = Word();
        if (name.Length == 0)
        {
            throw Fault(start, "could not find expected directive name");
        }

        if (!IsBlankOrEnd())
        {
            throw Fault(start, "found unexpected non-alphabetical character");
        }

        switch (name)
        {
            case "YAML":
                SkipBlanks();
                int major = VersionNumber(start);
                if (At() != '.')
                {
                    throw Fault(start, "did not find expected digit or '.' character");
                }

                Advance();
                int minor = VersionNumber(start);
                tokens.Add(new YamlToken(YamlTokenKind.VersionDirective, start, FormattableString.Invariant($"{major}.{minor}")));
                break;
            case "TAG":
                SkipBlanks();
                string handle = TagHandle(directive: true, start);
                if (!IsBlank())
                {
                    throw Fault(start, "did not find expected whitespace");
                }

                SkipBlanks();
                string prefix = TagUri(handle: "", start);
                if (!IsBlankOrEnd())
                {
                    throw Fault(start, "did not find expected whitespace or line break");
                }

                tokens.Add(new YamlToken(YamlTokenKind.TagDirective, start, handle, prefix));
                break;
            default:
                throw Fault(start, "found unknown directive name");
        }

        SkipBlanks();
        if (At() == '#')
        {
            SkipComment();
        }

        if (!IsBreakOrEnd())
        {
            throw Fault(start, "did not find expected comment or line break");
        }

        if (IsBreak())
        {
            SkipLine();
        }
    }

    private int VersionNumber(YamlMark start)
    {
        int value = 0;
        int length = 0;
        for (; At() is >= '0' and <= '9'; Advance())
        {
            value = (value * 10) + At() - '0';
            if (++length > 9)
            {
                throw Fault(start, "found extremely long version number");
            }
        }

        return length == 0 ? throw Fault(start, "did not find expected version number") : value;
    }

    private void Anchor(YamlTokenKind kind)
    {
        YamlMark start = Mark;
        Advance();
        string name = Word();
        if (name.Length == 0 || !(IsBlankOrEnd() || At() is '?' or ':' or ',' or ']' or '}' or '%' or '@' or '`'))
        {
            throw Fault(start, "did not find expected alphabetic or numeric character");
        }

        tokens.Add(new YamlToken(kind, start, name));
    }

    private void Tag()
    {
        YamlMark start = Mark;
        string handle = "";
        string suffix;
        if (At(1) == '<')
        {
            Advance(2);
            suffix = TagUri("", start);
            if (At() != '>')
            {
                throw Fault(start, "did not find the expected '>'");
            }

            Advance();
        }
        else
        {
            handle = TagHandle(directive: false, start);
            if (handle.Length > 1 && handle[0] == '!' && handle[^1] == '!')
            {
                suffix = TagUri("", start);
            }
            else
            {
                suffix = TagUri(handle, start);
                handle = "!";
                if (suffix.Length == 0)
                {
                    (handle, suffix) = ("", "!");
                }
            }
        }

        if (!IsBlankOrEnd())
        {
            throw Fault(start, "did not find expected whitespace or line break");
        }

        tokens.Add(new YamlToken(YamlTokenKind.Tag, start, handle, suffix));
    }

    private string TagHandle(bool directive, YamlMark start)
    {
        if (At() != '!')
        {
            throw Fault(start, "did not find expected '!'");
        }

        int from = pos;
        Advance();
        Word();
        if (At() == '!')
        {
            Advance();
        }
        else if (directive && pos - from > 1)
        {
            throw Fault(start, "did not find expected '!'");
        }

        return input[from..pos];
    }

    /// <summary>A tag's URI; what the handle took already belongs to it, but for its first '!'.</summary>
    private string TagUri(string handle, YamlMark start)
    {
        var uri = new StringBuilder(handle.Length > 1 ? handle[1..] : "");
        bool any = handle.Length > 1;
        while (IsWord(At()) || At() is ';' or '/' or '?' or ':' or '@' or '&' or '=' or '+' or '$' or '.' or '!' or '~' or '*' or '\'' or '(' or ')' or '[' or ']' or '%' or ',')
        {
            any = true;
            if (At() != '%')
            {
                Read(uri);
                continue;
            }

            if (!(At(1) > 0 && char.IsAsciiHexDigit((char)At(1)) && At(2) > 0 && char.IsAsciiHexDigit((char)At(2))))
            {
                throw Fault(start, "did not find URI escaped octet");
            }

            uri.Append((char)byte.Parse(input.AsSpan(pos + 1, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            Advance(3);
        }

        return any || handle.Length > 0 ? uri.ToString() : throw Fault(start, "did not find expected tag URI");
    }
}
