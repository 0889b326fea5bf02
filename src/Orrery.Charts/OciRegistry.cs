using System.Text.Json;
using System.Text.RegularExpressions;
using Orrery.Helm;
using Orrery.Helm.Repositories;

namespace Orrery.Charts;

/// <summary>A chart's repository in an OCI registry (OCI distribution specification, Helm's media types).</summary>
internal sealed partial class OciRegistry
{
    private const string ChartLayer = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
    private const string ConfigType = "application/vnd.cncf.helm.config.v1+json";
    private const int MaxPages = 100;

    private static readonly string[] Manifests = ["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"];

    private readonly Download download;
    private readonly Uri root;
    private readonly string name;
    private readonly string? reference;
    private readonly string? manifestDigest;

    /// <param name="location">oci://host[:port]/path[:tag][@sha256:digest of the manifest]; a loopback host is spoken to without TLS, as registries on it are.</param>
    public OciRegistry(Download download, string location)
    {
        Match m = Form().Match(location);
        if (!m.Success)
        {
            throw new ChartException("load", $"invalid chart reference {location}");
        }

        this.download = download;
        bool loopback = m.Groups[1].Value.Split(':')[0] is "localhost" or "127.0.0.1";
        root = new Uri($"{(loopback ? "http" : "https")}://{m.Groups[1].Value}/v2/");
        name = m.Groups[2].Value;
        reference = m.Groups[3].Success ? m.Groups[3].Value : null;
        manifestDigest = m.Groups[4].Success ? m.Groups[4].Value : null;
    }

    /// <summary>The archive of the newest version within a range.</summary>
    public async Task<byte[]> ChartAsync(string? range, CancellationToken ct)
    {
        // Tags cannot hold a plus, so a version's build metadata is written with an underscore.
        string tag = manifestDigest ?? reference ?? await TagAsync(range, ct).ConfigureAwait(false);
        var address = new Uri(root, $"{name}/manifests/{tag}");
        byte[] text = await download.GetAsync(address, 4 << 20, Manifests, ct).ConfigureAwait(false);
        if (manifestDigest is not null && "sha256:" + ChartCache.DigestOf(text) != manifestDigest)
        {
            throw new ChartException("load", $"the manifest of {name} does not have the digest {manifestDigest}");
        }

        using JsonDocument manifest = Download.Json(text, address);
        string? config = manifest.RootElement.TryGetProperty("config", out JsonElement c) ? Download.Text(c, "mediaType") : null;
        if (config != ConfigType || !manifest.RootElement.TryGetProperty("layers", out JsonElement layers) || layers.ValueKind != JsonValueKind.Array)
        {
            throw new ChartException("load", $"{name}:{tag} is no Helm chart: its configuration is of type {config ?? "(none)"}");
        }

        string digest = layers.EnumerateArray().Where(l => Download.Text(l, "mediaType") == ChartLayer).Select(l => Download.Text(l, "digest")).FirstOrDefault()
            ?? throw new ChartException("load", $"manifest of {name}:{tag} does not contain a layer with mediatype {ChartLayer}");
        byte[] archive = await download.GetAsync(new Uri(root, $"{name}/blobs/{digest}"), Download.MaxArchive, ct).ConfigureAwait(false);
        return "sha256:" + ChartCache.DigestOf(archive) == digest ? archive : throw new ChartException("load", $"the archive of {name}:{tag} does not have the digest {digest}");
    }

    private async Task<string> TagAsync(string? range, CancellationToken ct)
    {
        var tags = new List<string>();
        Uri? at = new Uri(root, $"{name}/tags/list?n=1000");
        for (int page = 0; page < MaxPages && at is not null; page++)
        {
            (byte[] text, at) = await download.GetPageAsync(at, 16 << 20, [], ct).ConfigureAwait(false);
            using JsonDocument list = Download.Json(text, root);
            tags.AddRange(list.RootElement.TryGetProperty("tags", out JsonElement t) && t.ValueKind == JsonValueKind.Array
                ? t.EnumerateArray().Where(v => v.ValueKind == JsonValueKind.String).Select(v => v.GetString()!)
                : []);
        }

        return ChartVersions.Newest(tags.Select(t => t.Replace('_', '+')), range)?.Replace('+', '_')
            ?? throw new ChartException("load", $"could not locate a version matching provided version string {range}");
    }

    [GeneratedRegex(@"^oci://([A-Za-z0-9.\-]+(?::[0-9]+)?)/([a-z0-9]+(?:[._/\-]+[a-z0-9]+)*)(?::([A-Za-z0-9_][A-Za-z0-9._\-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$")]
    private static partial Regex Form();
}
