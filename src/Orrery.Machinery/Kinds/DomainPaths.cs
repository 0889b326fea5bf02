using System.Text.RegularExpressions;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for names such as <c>example.com/controller</c> (apimachinery <c>pkg/util/validation</c>, IsDomainPrefixedPath).</summary>
public static partial class DomainPaths
{
    /// <summary>What is wrong with a value; empty: nothing.</summary>
    public static IReadOnlyList<FieldError> Check(string value, string path)
    {
        var faults = new Faults();
        Validate(value, path, faults);
        return faults.Errors;
    }

    internal static void Validate(string value, string path, Faults faults)
    {
        if (value.Length == 0)
        {
            faults.Required(path);
            return;
        }

        string[] parts = value.Split('/', 2);
        if (parts.Length != 2 || parts.Any(p => p.Length == 0))
        {
            faults.Invalid(path, value, "must be a domain-prefixed path (such as \"acme.io/foo\")");
            return;
        }

        faults.All(path, parts[0], Names.CheckDns1123Subdomain(parts[0]));
        if (!Rest().IsMatch(parts[1]))
        {
            faults.Invalid(path, parts[1], "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')");
        }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9/\-._~%!$&'()*+,;=:]+\z")]
    private static partial Regex Rest();
}
