using Orrery.Helm.Go;

namespace Orrery.Helm.Yaml;

/// <summary>Which styles a string allows: libyaml's yaml_emitter_analyze_scalar.</summary>
internal readonly struct ScalarShape
{
    public bool Multiline { get; }

    public bool PlainAllowed { get; }

    public bool SingleAllowed { get; }

    public bool BlockAllowed { get; }

    /// <summary>Newer libyaml, behind toYamlPretty, minds tabs in plain scalars only.</summary>
    public ScalarShape(string s, bool tabs = false)
    {
        if (s.Length == 0)
        {
            (PlainAllowed, SingleAllowed) = (true, true);
            return;
        }

        bool indicators = s.StartsWith("---", StringComparison.Ordinal) || s.StartsWith("...", StringComparison.Ordinal);
        bool breaks = false, special = false, tab = false, leading = false, trailingSpace = false, trailingBreak = false, breakSpace = false, spaceBreak = false;
        bool previousSpace = false, previousBreak = false, preceded = true;
        for (int i = 0; i < s.Length;)
        {
            (int rune, int size) = Utf8.Decode(s, i);
            bool first = i == 0;
            bool last = i + size == s.Length;
            bool followed = last || IsBlank(Utf8.Decode(s, i + size).Rune);
            indicators |= first ? FirstIndicator(rune, followed) : (rune == ':' && followed) || (rune == '#' && preceded);
            special |= !IsPrintable(rune) && !(tabs && rune == '\t');
            tab |= rune == '\t';
            bool isBreak = IsBreak(rune);
            if (rune == ' ')
            {
                leading |= first;
                trailingSpace |= last;
                breakSpace |= previousBreak;
            }
            else if (isBreak)
            {
                breaks = true;
                leading |= first;
                trailingBreak |= last;
                spaceBreak |= previousSpace;
            }

            (previousSpace, previousBreak) = (rune == ' ', isBreak);
            preceded = IsBlank(rune);
            i += size;
        }

        Multiline = breaks;
        PlainAllowed = !(leading || trailingSpace || trailingBreak || breakSpace || spaceBreak || special || tab || breaks || indicators);
        SingleAllowed = !(breakSpace || spaceBreak || special);
        BlockAllowed = !(trailingSpace || spaceBreak || special);
    }

    private static bool FirstIndicator(int rune, bool followed) => rune switch
    {
        '#' or ',' or '[' or ']' or '{' or '}' or '&' or '*' or '!' or '|' or '>' or '\'' or '"' or '%' or '@' or '`' => true,
        '?' or ':' or '-' => followed,
        _ => false,
    };

    public static bool IsBreak(int rune) => rune is '\r' or '\n' or 0x85 or 0x2028 or 0x2029;

    private static bool IsBlank(int rune) => rune is ' ' or '\t' or 0 || IsBreak(rune);

    /// <summary>What go-yaml v2 prints as it is; astral characters are not among it.</summary>
    public static bool IsPrintable(int rune) =>
        rune is '\n' or (>= 0x20 and <= 0x7E) or (>= 0xA0 and <= 0xD7FF) or (>= 0xE000 and <= 0xFFFD and not 0xFEFF);
}
