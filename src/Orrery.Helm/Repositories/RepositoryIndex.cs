using Orrery.Helm.Charts;
using Orrery.Helm.Go;
using Orrery.Helm.Yaml;

namespace Orrery.Helm.Repositories;

/// <summary>One version of a chart in a repository.</summary>
/// <param name="Urls">Where its archive lies; relative ones count from the repository.</param>
/// <param name="Digest">The archive's SHA-256 in hexadecimal; "" when the repository names none.</param>
public sealed record RepositoryEntry(string Name, string Version, IReadOnlyList<string> Urls, string Digest);

/// <summary>A chart repository's index.yaml.</summary>
public sealed class RepositoryIndex
{
    private readonly Dictionary<string, List<RepositoryEntry>> entries = new(StringComparer.Ordinal);

    private RepositoryIndex()
    {
    }

    /// <summary>Reads an index; entries that are broken are left out, as Helm leaves them out.</summary>
    /// <exception cref="ChartException">It is no index.</exception>
    public static RepositoryIndex Parse(ReadOnlySpan<byte> yaml)
    {
        var index = new RepositoryIndex();
        try
        {
            if (YamlReader.ReadTyped(Utf8.FromBytes(yaml)) is not GoMap root)
            {
                throw new GoException("empty index.yaml file");
            }

            if (TypedFields.AsText(root["apiVersion"]) is null or "")
            {
                throw new GoException("no API version specified");
            }

            foreach ((string name, object? list) in (root["entries"] as GoMap)?.Items ?? [])
            {
                index.entries[Utf8.ToText(name)] = [.. ((list as GoSlice)?.Items ?? []).OfType<GoMap>().Select(e => Entry(name, e)).OfType<RepositoryEntry>()];
            }
        }
        catch (GoException e)
        {
            throw new ChartException("load", "chart repository index: " + e.Message);
        }

        return index;
    }

    private static RepositoryEntry? Entry(string name, GoMap map)
    {
        string version = TypedFields.AsText(map["version"]) ?? "";
        string[] urls = [.. ((map["urls"] as GoSlice)?.Items ?? []).OfType<string>().Select(Utf8.ToText)];
        string digest = TypedFields.AsText(map["digest"]) ?? "";
        return version.Length == 0 || urls.Length == 0 || !Host.SemanticVersion.IsValid(version)
            ? null
            : new RepositoryEntry(Utf8.ToText(name), version, urls, digest.StartsWith("sha256:", StringComparison.Ordinal) ? digest["sha256:".Length..] : digest);
    }

    /// <summary>The newest version of a chart within a range.</summary>
    /// <exception cref="ChartException">There is no such chart, or no such version of it.</exception>
    public RepositoryEntry Find(string name, string? range)
    {
        List<RepositoryEntry> versions = entries.GetValueOrDefault(name) ?? throw new ChartException("load", $"no chart name found: {Utf8.FromText(name)}");
        string? version = ChartVersions.Newest(versions.Select(v => v.Version), range);
        return versions.FirstOrDefault(v => v.Version == version) ?? throw new ChartException("load", $"no chart version found for {Utf8.FromText(name)}-{Utf8.FromText(range ?? "")}");
    }
}
