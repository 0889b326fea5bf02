using System.Text.RegularExpressions;

namespace Orrery.Helm.Charts;

/// <summary>What a render is for: .Release.</summary>
public sealed partial record ReleaseInfo(string Name, string Namespace, int Revision = 1, bool IsInstall = true, bool IsUpgrade = false)
{
    private const int MaxName = 53;

    /// <exception cref="ChartException">Of phase release: the name cannot be a release's.</exception>
    internal void Validate()
    {
        string quoted = Go.GoQuote.Quote(Go.Utf8.FromText(Name));
        if (Name.Length == 0)
        {
            throw new ChartException("release", $"release name {quoted}: no name provided");
        }

        if (Name.Length > MaxName || !Form().IsMatch(Name))
        {
            throw new ChartException("release", $"release name {quoted}: invalid release name, must match regex {Pattern} and the length must not be longer than {MaxName}");
        }
    }

    private const string Pattern = @"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";

    [GeneratedRegex(@"\A[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z", RegexOptions.NonBacktracking)]
    private static partial Regex Form();
}
