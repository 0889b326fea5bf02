using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Charts;
using Orrery.Client;
using Orrery.Helm;
using Orrery.Helm.Charts;

namespace Orrery.Controllers.Bundles;

/// <summary>
/// Reads what a Release holds. Once the Release says a digest, nothing else is accepted: a release is what it was when it was first read,
/// whatever became of the place that it came from.
/// </summary>
internal sealed class BundleReader(KubeClient root, ChartSource charts)
{
    /// <summary>Bundles that stay in memory; what is forgotten is read again.</summary>
    private const int Capacity = 256;

    private readonly ConcurrentDictionary<string, Bundle> known = new(StringComparer.Ordinal);

    /// <exception cref="BundleException">It cannot be had, or is not what it was.</exception>
    public async Task<Bundle> ReadAsync(KubeObject release, CancellationToken cancellationToken)
    {
        string? pinned = release.TextAt("status", "digest");
        string key = $"{release.Uid}/{pinned}";
        if (pinned is not null && known.TryGetValue(key, out Bundle? found))
        {
            return found;
        }

        Bundle bundle = release.At("spec", "bundle", "helm") is { } helm
            ? await ChartAsync(helm, pinned, cancellationToken).ConfigureAwait(false)
            : await ManifestsAsync(release, cancellationToken).ConfigureAwait(false);
        if (pinned is not null && bundle.Digest != pinned)
        {
            throw new BundleException("BundleChanged", $"the bundle has the digest {bundle.Digest} and had {pinned} when the release was first read; make another release of it");
        }

        if (known.Count >= Capacity)
        {
            known.Clear();
        }

        known[$"{release.Uid}/{bundle.Digest}"] = bundle;
        return bundle;
    }

    private async Task<Bundle> ManifestsAsync(KubeObject release, CancellationToken cancellationToken)
    {
        var objects = new List<JsonObject>();
        if (release.At("spec", "bundle", "manifests", "inline") is { ValueKind: JsonValueKind.Array } inline)
        {
            objects.AddRange(inline.EnumerateArray().Select(o => JsonObject.Create(o)!));
        }

        if (release.At("spec", "bundle", "manifests", "configMaps") is { ValueKind: JsonValueKind.Array } maps)
        {
            foreach (KubeObject map in maps.EnumerateArray().Select(m => new KubeObject(m)))
            {
                objects.AddRange(await ConfigMapAsync(map, cancellationToken).ConfigureAwait(false));
            }
        }

        string digest = CanonicalJson.Digest(new JsonArray([.. objects.Select(o => o.DeepClone())]));
        return objects.Count > 0 ? new ManifestBundle("sha256:" + digest, objects) : throw new BundleException("EmptyBundle", "the bundle holds no object");
    }

    private async Task<IEnumerable<JsonObject>> ConfigMapAsync(KubeObject reference, CancellationToken cancellationToken)
    {
        (string ns, string name) = (reference.TextAt("namespace") ?? "", reference.TextAt("name") ?? "");
        KubeObject map = await root.FindAsync(CoreResources.ConfigMaps, ns, name, cancellationToken).ConfigureAwait(false)
            ?? throw new BundleException("BundleMissing", $"there is no ConfigMap {ns}/{name}");
        var data = map.At("data") is { ValueKind: JsonValueKind.Object } found
            ? found.EnumerateObject().OrderBy(m => m.Name, StringComparer.Ordinal).ToDictionary(m => m.Name, m => m.Value.GetString() ?? "", StringComparer.Ordinal)
            : [];
        if (reference.TextAt("key") is not { Length: > 0 } key)
        {
            return [.. data.SelectMany(d => BundleRenderer.Documents(d.Value, $"ConfigMap {ns}/{name}, key {d.Key}"))];
        }

        return data.TryGetValue(key, out string? text)
            ? [.. BundleRenderer.Documents(text, $"ConfigMap {ns}/{name}, key {key}")]
            : throw new BundleException("BundleMissing", $"ConfigMap {ns}/{name} has no key {key}");
    }

    private async Task<Bundle> ChartAsync(JsonElement json, string? pinned, CancellationToken cancellationToken)
    {
        var helm = new KubeObject(json);
        string? repository = helm.TextAt("repository");
        Uri? address = null;
        if (repository is not null && !Uri.TryCreate(repository, UriKind.Absolute, out address))
        {
            throw new BundleException("InvalidChart", $"{repository} is no address of a chart repository");
        }

        var reference = new ChartReference(
            repository is null ? helm.TextAt("oci") ?? "" : helm.TextAt("chart") ?? "",
            address,
            helm.TextAt("version"),
            pinned ?? helm.TextAt("digest"));
        ChartCredential? credential = await CredentialAsync(helm, cancellationToken).ConfigureAwait(false);
        try
        {
            (Chart chart, string digest) = await charts.GetAsync(reference, credential, cancellationToken).ConfigureAwait(false);
            return new ChartBundle("sha256:" + digest, chart, helm.TextAt("lookup") == "Allowed");
        }
        catch (ChartException e)
        {
            throw new BundleException("InvalidChart", e.Message, e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new BundleException("ChartUnreachable", $"the chart cannot be fetched: {e.Message}", e);
        }
    }

    private async Task<ChartCredential?> CredentialAsync(KubeObject helm, CancellationToken cancellationToken)
    {
        if (helm.TextAt("credentials", "name") is not { } name)
        {
            return null;
        }

        string ns = helm.TextAt("credentials", "namespace") ?? "";
        KubeObject secret = await root.FindAsync(CoreResources.Secrets, ns, name, cancellationToken).ConfigureAwait(false)
            ?? throw new BundleException("CredentialsMissing", $"there is no Secret {ns}/{name}");
        string Text(string key) => secret.TextAt("data", key) is { } data ? Encoding.UTF8.GetString(Convert.FromBase64String(data)) : throw new BundleException("CredentialsMissing", $"Secret {ns}/{name} has no key {key}");
        return new ChartCredential(Text("username"), Text("password"));
    }
}
