using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;
using Orrery.Helm.Functions;
using Orrery.Helm.Go;

namespace Orrery.Helm.Host;

/// <summary>Masterminds/semver v3: a version, read leniently ("1.2", "v1").</summary>
internal sealed partial record SemanticVersion(ulong Major, ulong Minor, ulong Patch, string Pre, string Metadata, string Original) : IComparable<SemanticVersion>
{
    public static SemanticVersion Parse(string text)
    {
        Match m = Form().Match(text);
        if (!m.Success)
        {
            throw new GoException("invalid semantic version");
        }

        string pre = m.Groups[4].Value;
        if (pre.Length > 0 && pre.Split('.').Any(p => p.Length > 1 && p[0] == '0' && p.All(char.IsAsciiDigit)))
        {
            throw new GoException("version segment starts with 0");
        }

        return new SemanticVersion(Segment(m.Groups[1].Value), Segment(m.Groups[2].Value.TrimStart('.')), Segment(m.Groups[3].Value.TrimStart('.')), pre, m.Groups[5].Value, text);
    }

    public static bool IsValid(string text)
    {
        try
        {
            Parse(text);
            return true;
        }
        catch (GoException)
        {
            return false;
        }
    }

    private static ulong Segment(string digits)
    {
        if (digits.Length == 0)
        {
            return 0;
        }

        return ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out ulong v) ? v
            : throw new GoException($"error parsing version segment: strconv.ParseUint: parsing \"{digits}\": value out of range");
    }

    public override string ToString() => FormattableString.Invariant($"{Major}.{Minor}.{Patch}") + (Pre.Length > 0 ? "-" + Pre : "") + (Metadata.Length > 0 ? "+" + Metadata : "");

    public int CompareTo(SemanticVersion? other)
    {
        int c = (Major, Minor, Patch).CompareTo((other!.Major, other.Minor, other.Patch));
        if (c != 0 || Pre == other.Pre)
        {
            return c;
        }

        return Pre.Length == 0 ? 1 : other.Pre.Length == 0 ? -1 : ComparePre(Pre.Split('.'), other.Pre.Split('.'));
    }

    private static int ComparePre(string[] a, string[] b)
    {
        for (int i = 0; i < Math.Max(a.Length, b.Length); i++)
        {
            if (i >= a.Length || i >= b.Length)
            {
                return i >= a.Length ? -1 : 1;
            }

            bool an = BigInteger.TryParse(a[i], NumberStyles.None, CultureInfo.InvariantCulture, out BigInteger x);
            bool bn = BigInteger.TryParse(b[i], NumberStyles.None, CultureInfo.InvariantCulture, out BigInteger y);
            int c = an && bn ? x.CompareTo(y) : an != bn ? (an ? -1 : 1) : string.CompareOrdinal(a[i], b[i]);
            if (c != 0)
            {
                return Math.Sign(c);
            }
        }

        return 0;
    }

    /// <summary>The object that the semver function gives to templates.</summary>
    public GoObject ToGo() => new VersionObject(this);

    private sealed class VersionObject(SemanticVersion v) : GoObject
    {
        public SemanticVersion Version => v;

        public override string Type => "*semver.Version";

        public override string Kind => "ptr";

        public override string Text => v.ToString();

        public override object? Json => v.ToString();

        public override Function? Method(string name) => name switch
        {
            "Major" => Function.Of(name, [], _ => v.Major),
            "Minor" => Function.Of(name, [], _ => v.Minor),
            "Patch" => Function.Of(name, [], _ => v.Patch),
            "Prerelease" => Function.Of(name, [], _ => v.Pre),
            "Metadata" => Function.Of(name, [], _ => v.Metadata),
            "Original" => Function.Of(name, [], _ => v.Original),
            "String" => Function.Of(name, [], _ => v.ToString()),
            "Compare" => Function.Of(name, [P.Any], a => new GoInt(v.CompareTo(((VersionObject)a[0]!).Version))),
            "Equal" => Function.Of(name, [P.Any], a => v.CompareTo(((VersionObject)a[0]!).Version) == 0),
            "LessThan" => Function.Of(name, [P.Any], a => v.CompareTo(((VersionObject)a[0]!).Version) < 0),
            "GreaterThan" => Function.Of(name, [P.Any], a => v.CompareTo(((VersionObject)a[0]!).Version) > 0),
            "IncMajor" => Function.Of(name, [], _ => (v with { Major = v.Major + 1, Minor = 0, Patch = 0, Pre = "", Metadata = "" }).ToGo()),
            "IncMinor" => Function.Of(name, [], _ => (v with { Minor = v.Minor + 1, Patch = 0, Pre = "", Metadata = "" }).ToGo()),
            "IncPatch" => Function.Of(name, [], _ => (v with { Patch = v.Pre.Length > 0 ? v.Patch : v.Patch + 1, Pre = "", Metadata = "" }).ToGo()),
            _ => null,
        };
    }

    [GeneratedRegex(@"^v?([0-9]+)(\.[0-9]+)?(\.[0-9]+)?(?:-([0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*))?(?:\+([0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*))?$")]
    private static partial Regex Form();
}
