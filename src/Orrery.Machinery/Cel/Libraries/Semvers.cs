using System.Globalization;
using static Orrery.Machinery.Cel.Overload;

namespace Orrery.Machinery.Cel.Libraries;

/// <summary>Semantic versions (apiserver <c>pkg/cel/library/semver.go</c>, version 1).</summary>
internal static class Semvers
{
    private const string Name = "kubernetes.Semver";

    public static readonly CelType SemverType = CelType.Opaque(Name);

    public static IEnumerable<Overload> All =>
    [
        Of($"semver(string) {Name}", a => Read(a, false)),
        Of($"semver(string, bool) {Name}", a => Read(a, (bool)a[1]!)),
        Of("isSemver(string) bool", a => Read(a, false) is CelSemver),
        Of("isSemver(string, bool) bool", a => Read(a, (bool)a[1]!) is CelSemver),
        Of($"{Name}->major() int", a => V(a, 0).Major),
        Of($"{Name}->minor() int", a => V(a, 0).Minor),
        Of($"{Name}->patch() int", a => V(a, 0).Patch),
        Of($"{Name}->compareTo({Name}) int", a => (long)Math.Sign(V(a, 0).CompareTo(V(a, 1)))),
        Of($"{Name}->isLessThan({Name}) bool", a => V(a, 0).CompareTo(V(a, 1)) < 0),
        Of($"{Name}->isGreaterThan({Name}) bool", a => V(a, 0).CompareTo(V(a, 1)) > 0),
    ];

    private static CelSemver V(object?[] a, int i) => (CelSemver)a[i]!;

    private static object Read(object?[] a, bool normalize) => CelSemver.Parse((string)a[0]!, normalize);
}

/// <summary>A version of semver.org 2.0. What it was built from does not count when two are compared.</summary>
internal sealed record CelSemver(long Major, long Minor, long Patch, string[] Before, string[] Build) : ICelOpaque, IComparable<CelSemver>
{
    public CelType Type => Semvers.SemverType;

    /// <summary>Characters, about.</summary>
    public int Length { get; } = 5 + Before.Sum(p => p.Length + 1) + Build.Sum(p => p.Length + 1);

    /// <summary>The version, or why the text is none.</summary>
    /// <param name="normalize">Takes a leading v, missing parts and leading zeros.</param>
    public static object Parse(string text, bool normalize)
    {
        string rest = normalize && text.StartsWith('v') ? text[1..] : text;
        int plus = rest.IndexOf('+', StringComparison.Ordinal);
        string[] build = plus < 0 ? [] : rest[(plus + 1)..].Split('.');
        rest = plus < 0 ? rest : rest[..plus];
        int dash = rest.IndexOf('-', StringComparison.Ordinal);
        string[] before = dash < 0 ? [] : rest[(dash + 1)..].Split('.');
        string[] parts = (dash < 0 ? rest : rest[..dash]).Split('.');
        if (normalize && parts.Length < 3)
        {
            if (dash >= 0 || plus >= 0)
            {
                return new CelError("short version cannot contain PreRelease/Build meta data");
            }

            parts = [.. parts, .. Enumerable.Repeat("0", 3 - parts.Length)];
        }

        if (parts.Length != 3)
        {
            return new CelError("No Major.Minor.Patch elements found");
        }

        var numbers = new long[3];
        for (int i = 0; i < 3; i++)
        {
            string part = normalize && parts[i].Length > 1 ? parts[i].TrimStart('0') is { Length: > 0 } kept ? kept : "0" : parts[i];
            if (part.Length == 0 || !part.All(char.IsAsciiDigit) || !long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]))
            {
                return new CelError($"Invalid character(s) found in version number \"{part}\"");
            }

            if (part.Length > 1 && part[0] == '0')
            {
                return new CelError($"Version number must not contain leading zeroes \"{part}\"");
            }
        }

        foreach (string identifier in before.Concat(build))
        {
            if (identifier.Length == 0 || !identifier.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
            {
                return new CelError($"Invalid character(s) found in prerelease or build meta data \"{identifier}\"");
            }
        }

        return before.FirstOrDefault(p => p.Length > 1 && p[0] == '0' && p.All(char.IsAsciiDigit)) is { } padded
            ? new CelError($"Numeric PreRelease version must not contain leading zeroes \"{padded}\"")
            : new CelSemver(numbers[0], numbers[1], numbers[2], before, build);
    }

    public int CompareTo(CelSemver? other)
    {
        if (other is null)
        {
            return 1;
        }

        int order = (Major, Minor, Patch).CompareTo((other.Major, other.Minor, other.Patch));
        if (order != 0 || (Before.Length == 0 && other.Before.Length == 0))
        {
            return order;
        }

        // A version comes after what leads up to it.
        if (Before.Length == 0 || other.Before.Length == 0)
        {
            return Before.Length == 0 ? 1 : -1;
        }

        for (int i = 0; i < Math.Min(Before.Length, other.Before.Length); i++)
        {
            if (Compare(Before[i], other.Before[i]) is var step and not 0)
            {
                return step;
            }
        }

        return Before.Length.CompareTo(other.Before.Length);
    }

    /// <summary>Equal in precedence.</summary>
    public bool Equals(CelSemver? other) => CompareTo(other) == 0;

    public override int GetHashCode() => HashCode.Combine(Major, Minor, Patch, Before.Length);

    /// <summary>Numbers come before words.</summary>
    private static int Compare(string a, string b)
    {
        bool x = a.All(char.IsAsciiDigit), y = b.All(char.IsAsciiDigit);
        // Without leading zeros the longer number is the larger.
        return x && y ? a.Length != b.Length ? a.Length.CompareTo(b.Length) : string.CompareOrdinal(a, b)
            : x != y ? (x ? -1 : 1) : string.CompareOrdinal(a, b);
    }
}
