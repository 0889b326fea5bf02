using System.Collections.Concurrent;
using System.Security.Cryptography;
using Orrery.Helm.Charts;

namespace Orrery.Charts;

/// <summary>
/// Archives on disk and parsed charts in memory, both by the SHA-256 of the archive: what is found under a digest is what
/// has that digest, whoever put it there.
/// </summary>
/// <param name="folder">Where archives are kept; null keeps none.</param>
public sealed class ChartCache(string? folder)
{
    /// <summary>Parsed charts that stay in memory.</summary>
    private const int Capacity = 64;

    private readonly ConcurrentDictionary<string, (Chart Chart, long Used)> parsed = new(StringComparer.Ordinal);
    private long clock;

    /// <summary>The digest of an archive, in lower-case hexadecimal.</summary>
    public static string DigestOf(ReadOnlySpan<byte> archive) => Convert.ToHexStringLower(SHA256.HashData(archive));

    /// <summary>The chart with a digest; null when it is not at hand.</summary>
    public Chart? Find(string digest)
    {
        if (parsed.TryGetValue(digest, out (Chart Chart, long Used) known))
        {
            parsed[digest] = (known.Chart, Interlocked.Increment(ref clock));
            return known.Chart;
        }

        if (folder is null || digest.Length != 64 || !digest.All(char.IsAsciiHexDigitLower) || !File.Exists(PathOf(digest)))
        {
            return null;
        }

        byte[] archive = File.ReadAllBytes(PathOf(digest));
        return DigestOf(archive) == digest ? Remember(digest, archive) : null;
    }

    /// <summary>Parses an archive and keeps it.</summary>
    /// <exception cref="Helm.ChartException">It is no chart; then nothing is kept.</exception>
    public (Chart Chart, string Digest) Add(byte[] archive)
    {
        string digest = DigestOf(archive);
        if (Find(digest) is { } known)
        {
            return (known, digest);
        }

        Chart chart = Remember(digest, archive);
        if (folder is not null)
        {
            Directory.CreateDirectory(folder);
            // Written beside and moved, so that nobody ever reads half an archive.
            string partial = PathOf(digest) + "." + Guid.NewGuid().ToString("N");
            File.WriteAllBytes(partial, archive);
            File.Move(partial, PathOf(digest), overwrite: true);
        }

        return (chart, digest);
    }

    private string PathOf(string digest) => Path.Combine(folder!, digest + ".tgz");

    private Chart Remember(string digest, byte[] archive)
    {
        using var stream = new MemoryStream(archive);
        Chart chart = Chart.Load(stream);
        parsed[digest] = (chart, Interlocked.Increment(ref clock));
        if (parsed.Count > Capacity)
        {
            parsed.TryRemove(parsed.MinBy(p => p.Value.Used).Key, out _);
        }

        return chart;
    }
}
