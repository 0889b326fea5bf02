namespace Orrery.Charts;

/// <summary>Where a chart comes from.</summary>
/// <param name="Location">A folder, an archive, <c>oci://host/repository</c>, or with <paramref name="Repository"/> a chart's name.</param>
/// <param name="Repository">The address of a chart repository; null where the location says all.</param>
/// <param name="Version">A version or a range such as ^1.2; null takes the newest stable one.</param>
/// <param name="Digest">The archive's SHA-256 in hexadecimal, which it must have; null takes what comes.</param>
public sealed record ChartReference(string Location, Uri? Repository = null, string? Version = null, string? Digest = null)
{
    internal const string OciScheme = "oci://";

    /// <summary>Whether nothing needs to be fetched.</summary>
    public bool IsLocal => Repository is null && !Location.StartsWith(OciScheme, StringComparison.Ordinal);
}

/// <summary>Name and password for a repository or registry.</summary>
public sealed record ChartCredential(string User, string Password);
