using Orrery.Helm;
using Orrery.Helm.Charts;
using Orrery.Helm.Repositories;

namespace Orrery.Charts;

/// <summary>Gets charts: from disk, from chart repositories and from OCI registries.</summary>
/// <param name="http">Speaks to repositories; whoever makes it decides which addresses may be reached.</param>
public sealed class ChartSource(HttpClient http, ChartCache cache)
{
    /// <summary>A chart, and the SHA-256 of its archive; "" for a folder.</summary>
    /// <exception cref="ChartException">There is no such chart or version, it is broken, or it has another digest than asked for.</exception>
    /// <exception cref="HttpRequestException">The repository cannot be reached or refuses.</exception>
    public async Task<(Chart Chart, string Digest)> GetAsync(ChartReference reference, ChartCredential? credential, CancellationToken ct)
    {
        string? wanted = reference.Digest?.ToLowerInvariant().Replace("sha256:", "", StringComparison.Ordinal);
        if (reference.IsLocal)
        {
            return Local(reference.Location, wanted);
        }

        if (wanted is not null && cache.Find(wanted) is { } known)
        {
            return (known, wanted);
        }

        var download = new Download(http, credential);
        byte[] archive = reference.Repository is { } repository
            ? await FromRepositoryAsync(download, repository, reference, ct).ConfigureAwait(false)
            : await new OciRegistry(download, reference.Location).ChartAsync(reference.Version, ct).ConfigureAwait(false);
        Match(archive, wanted, reference.Location);
        return cache.Add(archive);
    }

    private static (Chart Chart, string Digest) Local(string path, string? wanted)
    {
        if (!File.Exists(path))
        {
            return wanted is null ? (Chart.Load(path), "") : throw new ChartException("load", $"{path} is no archive, so it has no digest");
        }

        byte[] archive = File.ReadAllBytes(path);
        Match(archive, wanted, path);
        using var stream = new MemoryStream(archive);
        return (Chart.Load(stream), ChartCache.DigestOf(archive));
    }

    private static void Match(byte[] archive, string? wanted, string what)
    {
        if (wanted is not null && ChartCache.DigestOf(archive) is var digest && digest != wanted)
        {
            throw new ChartException("load", $"the archive of {what} has the digest {digest}, not {wanted}");
        }
    }

    private static async Task<byte[]> FromRepositoryAsync(Download download, Uri repository, ChartReference reference, CancellationToken ct)
    {
        Uri root = repository.AbsoluteUri.EndsWith('/') ? repository : new Uri(repository.AbsoluteUri + "/");
        byte[] text = await download.GetAsync(new Uri(root, "index.yaml"), Download.MaxIndex, ct).ConfigureAwait(false);
        RepositoryEntry entry = RepositoryIndex.Parse(text).Find(reference.Location, reference.Version);
        if (!Uri.TryCreate(root, entry.Urls[0], out Uri? address))
        {
            throw new ChartException("load", $"the index of {root} names no address for {entry.Name} {entry.Version}");
        }

        byte[] archive = address.Scheme == "oci"
            ? await new OciRegistry(download, address.AbsoluteUri).ChartAsync(entry.Version, ct).ConfigureAwait(false)
            : await download.GetAsync(address, Download.MaxArchive, ct).ConfigureAwait(false);
        Match(archive, entry.Digest.Length > 0 ? entry.Digest : null, $"{entry.Name} {entry.Version}");
        return archive;
    }
}
