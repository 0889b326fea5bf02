using System.Globalization;
using System.Text.RegularExpressions;

namespace Orrery.Server.CustomResources;

/// <summary>Kubernetes' order of version names, best first: v2, v1, v2beta1, v1beta2, v1alpha1, then anything else by text.</summary>
internal sealed partial class VersionOrder : IComparer<string>
{
    public static readonly VersionOrder Instance = new();

    public int Compare(string? x, string? y)
    {
        (int Class, int Major, int Minor) a = Parse(x ?? ""), b = Parse(y ?? "");
        return a.Class != b.Class ? a.Class.CompareTo(b.Class)
            : a.Major != b.Major ? b.Major.CompareTo(a.Major)
            : a.Minor != b.Minor ? b.Minor.CompareTo(a.Minor)
            : string.CompareOrdinal(x, y);
    }

    private static (int Class, int Major, int Minor) Parse(string version)
    {
        Match match = Form().Match(version);
        if (!match.Success)
        {
            return (3, 0, 0);
        }

        int major = int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        return match.Groups[2].Value switch
        {
            "" => (0, major, 0),
            "beta" => (1, major, int.Parse(match.Groups[3].ValueSpan, CultureInfo.InvariantCulture)),
            _ => (2, major, int.Parse(match.Groups[3].ValueSpan, CultureInfo.InvariantCulture)),
        };
    }

    [GeneratedRegex(@"\Av([1-9][0-9]{0,8})(?:(alpha|beta)([1-9][0-9]{0,8}))?\z")]
    private static partial Regex Form();
}
