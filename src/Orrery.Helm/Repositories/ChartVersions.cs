using Orrery.Helm.Go;
using Orrery.Helm.Host;

namespace Orrery.Helm.Repositories;

/// <summary>Chooses among versions as Helm does.</summary>
public static class ChartVersions
{
    /// <summary>The newest version within a range; pre-releases count only where the range names one. Null when none fits.</summary>
    /// <param name="range">A version or a range such as ^1.2 or >=1.0 &lt;2; null or "" means the newest stable one.</param>
    /// <exception cref="ChartException">The range is none.</exception>
    public static string? Newest(IEnumerable<string> versions, string? range)
    {
        string[] all = [.. versions];
        // A version that is named exactly is taken as it is, pre-release or not.
        if (!string.IsNullOrEmpty(range) && all.FirstOrDefault(v => v == range) is { } exact)
        {
            return exact;
        }

        VersionConstraint constraint;
        try
        {
            constraint = VersionConstraint.Parse(string.IsNullOrEmpty(range) ? "*" : Utf8.FromText(range));
        }
        catch (GoException e)
        {
            throw new ChartException("load", e.Message);
        }

        return all.Where(SemanticVersion.IsValid).Select(v => (Text: v, Version: SemanticVersion.Parse(v)))
            .Where(v => constraint.Check(v.Version)).OrderByDescending(v => v.Version).Select(v => v.Text).FirstOrDefault();
    }
}
