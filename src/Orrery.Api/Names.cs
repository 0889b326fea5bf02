using System.Text.RegularExpressions;

namespace Orrery.Api;

/// <summary>
/// Rules for names, keys and values. Each returns what is wrong, in upstream's words
/// (apimachinery <c>pkg/util/validation/validation.go</c>), and an empty list when nothing is.
/// </summary>
public static partial class Names
{
    /// <summary>Alphabet of generated suffixes: no vowels and no look-alikes, so that no words come out.</summary>
    private const string SuffixAlphabet = "bcdfghjklmnpqrstvwxz2456789";

    private const int SuffixLength = 5;
    private const int LongestGenerated = 63;
    private const string LabelFormat = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
    private const string SubdomainFormat = LabelFormat + @"(\." + LabelFormat + ")*";
    private const string Dns1035Format = "[a-z]([-a-z0-9]*[a-z0-9])?";
    private const string QualifiedFormat = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
    private const string LabelValueFormat = "(" + QualifiedFormat + ")?";
    private const string ConfigKeyFormat = "[-._a-zA-Z0-9]+";
    private const string HeaderFormat = "[-A-Za-z0-9]+";
    private const string QualifiedFault = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

    /// <summary>A lowercase RFC 1123 label: namespaces, containers, volumes.</summary>
    public static IReadOnlyList<string> CheckDns1123Label(string value)
    {
        var faults = new List<string>();
        CheckLength(value, 63, faults);
        if (!LabelPattern().IsMatch(value))
        {
            faults.Add(SubdomainPattern().IsMatch(value)
                ? "must not contain dots"
                : Explain("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character", LabelFormat, "my-name", "123-abc"));
        }

        return faults;
    }

    /// <summary>A lowercase RFC 1123 subdomain: the names of most objects.</summary>
    public static IReadOnlyList<string> CheckDns1123Subdomain(string value)
    {
        var faults = new List<string>();
        CheckLength(value, 253, faults);
        if (!SubdomainPattern().IsMatch(value))
        {
            faults.Add(Explain("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character", SubdomainFormat, "example.com"));
        }

        return faults;
    }

    /// <summary>A subdomain whose first label is <c>*</c>.</summary>
    public static IReadOnlyList<string> CheckWildcardSubdomain(string value)
    {
        var faults = new List<string>();
        CheckLength(value, 253, faults);
        if (!value.StartsWith("*.", StringComparison.Ordinal) || !SubdomainPattern().IsMatch(value.AsSpan(2)))
        {
            faults.Add(Explain("a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character", @"\*\." + SubdomainFormat, "*.example.com"));
        }

        return faults;
    }

    /// <summary>A DNS-1035 label: it starts with a letter.</summary>
    public static IReadOnlyList<string> CheckDns1035Label(string value)
    {
        var faults = new List<string>();
        CheckLength(value, 63, faults);
        if (!Dns1035Pattern().IsMatch(value))
        {
            faults.Add(Explain("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character", Dns1035Format, "my-name", "abc-123"));
        }

        return faults;
    }

    /// <summary>A key of a label, annotation or condition: an optional DNS prefix and a slash, then a name.</summary>
    public static IReadOnlyList<string> CheckQualifiedName(string value)
    {
        var faults = new List<string>();
        string[] parts = value.Split('/');
        if (parts.Length > 2)
        {
            faults.Add("a valid label key " + Explain(QualifiedFault, QualifiedFormat, "MyName", "my.name", "123-abc") + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')");
            return faults;
        }

        if (parts.Length == 2)
        {
            if (parts[0].Length == 0)
            {
                faults.Add("prefix part must be non-empty");
            }
            else
            {
                faults.AddRange(CheckDns1123Subdomain(parts[0]).Select(f => "prefix part " + f.Replace("253 characters", "253 bytes", StringComparison.Ordinal)));
            }
        }

        string name = parts[^1];
        if (name.Length == 0)
        {
            faults.Add("name part must be non-empty");
        }
        else if (name.Length > 63)
        {
            faults.Add("name part must be no more than 63 bytes");
        }

        if (!QualifiedPattern().IsMatch(name))
        {
            faults.Add("name part " + Explain(QualifiedFault, QualifiedFormat, "MyName", "my.name", "123-abc"));
        }

        return faults;
    }

    public static IReadOnlyList<string> CheckLabelValue(string value)
    {
        var faults = new List<string>();
        if (value.Length > 63)
        {
            faults.Add("must be no more than 63 bytes");
        }

        if (!LabelValuePattern().IsMatch(value))
        {
            faults.Add(Explain("a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character", LabelValueFormat, "MyValue", "my_value", "12345"));
        }

        return faults;
    }

    private static readonly string ConfigKeyFault = Explain("a valid config key must consist of alphanumeric characters, '-', '_' or '.'", ConfigKeyFormat, "key.name", "KEY_NAME", "key-name");

    /// <summary>A key of a ConfigMap or Secret: it becomes a file name.</summary>
    public static IReadOnlyList<string> CheckConfigKey(string value)
    {
        var faults = new List<string>();
        CheckLength(value, 253, faults);
        if (!ConfigKeyPattern().IsMatch(value))
        {
            faults.Add(ConfigKeyFault);
        }

        switch (value)
        {
            case ".":
                faults.Add("must not be '.'");
                break;
            case "..":
                faults.Add("must not be '..'");
                break;
            case ['.', '.', ..]:
                faults.Add("must not start with '..'");
                break;
        }

        return faults;
    }

    public static IReadOnlyList<string> CheckEnvironmentName(string value) =>
        value.Length == 0 ? ["environment variable name must be non-empty"]
        : value.Any(c => c is < ' ' or > '~' or '=') ? ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
        : [];

    public static IReadOnlyList<string> CheckHttpHeader(string value) =>
        HeaderPattern().IsMatch(value) ? [] : [Explain("a valid HTTP header must consist of alphanumeric characters or '-'", HeaderFormat, "X-Header-Name")];

    public static IReadOnlyList<string> CheckPortNumber(long value) =>
        value is >= 1 and <= 65535 ? [] : ["must be between 1 and 65535, inclusive"];

    /// <summary>An IANA service name.</summary>
    public static IReadOnlyList<string> CheckPortName(string value)
    {
        var faults = new List<string>();
        CheckLength(value, 15, faults);
        if (!PortPattern().IsMatch(value))
        {
            faults.Add("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
        }

        if (!value.Any(c => c is >= 'a' and <= 'z'))
        {
            faults.Add("must contain at least one letter (a-z)");
        }

        if (value.Contains("--", StringComparison.Ordinal))
        {
            faults.Add("must not contain consecutive hyphens");
        }

        if (value.StartsWith('-') || value.EndsWith('-'))
        {
            faults.Add("must not begin or end with a hyphen");
        }

        return faults;
    }

    /// <summary>A name that only has to be one segment of a path: RBAC objects.</summary>
    public static IReadOnlyList<string> CheckPathSegment(string value)
    {
        if (value is "." or "..")
        {
            return [$"may not be '{value}'"];
        }

        var faults = new List<string>();
        foreach (string part in new[] { "/", "%" })
        {
            if (value.Contains(part, StringComparison.Ordinal))
            {
                faults.Add($"may not contain '{part}'");
            }
        }

        return faults;
    }

    /// <summary>
    /// The beginning of a name, as it is judged: what the server adds stands for the dash at its end and for what is before that (apimachinery
    /// <c>pkg/api/validation/generic.go</c>).
    /// </summary>
    public static string Completed(string beginning) => beginning.Length > 1 && beginning.EndsWith('-') ? beginning[..^2] + "a" : beginning;

    /// <summary><c>metadata.name</c> for a <c>metadata.generateName</c>: the base, cut to fit a label, and five characters by chance.</summary>
    public static string Generate(string generateName, Random random)
    {
        int longest = LongestGenerated - SuffixLength;
        string stem = generateName.Length > longest ? generateName[..longest] : generateName;
        return stem + Suffix(random, SuffixLength);
    }

    /// <summary>Characters by chance out of the alphabet of generated names.</summary>
    public static string Suffix(Random random, int length) => string.Create(length, random, static (span, chance) =>
    {
        for (int i = 0; i < span.Length; i++)
        {
            span[i] = SuffixAlphabet[chance.Next(SuffixAlphabet.Length)];
        }
    });

    /// <summary>Upstream's way to say that a text does not match: the rule, examples, and the expression.</summary>
    public static string Explain(string rule, string expression, params ReadOnlySpan<string> examples)
    {
        if (examples.Length == 0)
        {
            return $"{rule} (regex used for validation is '{expression}')";
        }

        // The odd spacing between examples is upstream's, and clients compare texts.
        var text = new System.Text.StringBuilder(rule).Append(" (e.g. ");
        for (int i = 0; i < examples.Length; i++)
        {
            text.Append(i > 0 ? " or " : "").Append('\'').Append(examples[i]).Append("', ");
        }

        return text.Append("regex used for validation is '").Append(expression).Append("')").ToString();
    }

    private static void CheckLength(string value, int longest, List<string> faults)
    {
        if (value.Length > longest)
        {
            faults.Add($"must be no more than {longest} characters");
        }
    }

    [GeneratedRegex(@"\A" + LabelFormat + @"\z", RegexOptions.CultureInvariant)]
    private static partial Regex LabelPattern();

    [GeneratedRegex(@"\A" + SubdomainFormat + @"\z", RegexOptions.CultureInvariant)]
    private static partial Regex SubdomainPattern();

    [GeneratedRegex(@"\A" + Dns1035Format + @"\z", RegexOptions.CultureInvariant)]
    private static partial Regex Dns1035Pattern();

    [GeneratedRegex(@"\A" + QualifiedFormat + @"\z", RegexOptions.CultureInvariant)]
    private static partial Regex QualifiedPattern();

    [GeneratedRegex(@"\A" + LabelValueFormat + @"\z", RegexOptions.CultureInvariant)]
    private static partial Regex LabelValuePattern();

    [GeneratedRegex(@"\A" + ConfigKeyFormat + @"\z", RegexOptions.CultureInvariant)]
    private static partial Regex ConfigKeyPattern();

    [GeneratedRegex(@"\A" + HeaderFormat + @"\z", RegexOptions.CultureInvariant)]
    private static partial Regex HeaderPattern();

    [GeneratedRegex(@"\A[-a-z0-9]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex PortPattern();
}
