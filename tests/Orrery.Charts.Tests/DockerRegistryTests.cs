using Orrery.Helm;
using Orrery.Helm.Charts;
using Orrery.Testing;

namespace Orrery.Charts.Tests;

/// <summary>Charts out of a registry that nobody here wrote.</summary>
public sealed class DockerRegistryTests
{
    private static readonly ChartCredential Known = new(DockerRegistry.User, DockerRegistry.Password);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Charts_PushedToARealRegistry_ArePulledByTagRangeAndDigest()
    {
        Assert.SkipWhen(DockerRegistry.Program is null, "docker-registry is not installed here; ./test fetches it");
        using var folder = new TempDirectory();
        using DockerRegistry registry = await DockerRegistry.StartAsync(folder.Path, Token);
        byte[] first = PackedChart.Of("web", "1.0.0+build.1"), second = PackedChart.Of("web", "1.2.0");
        string digest = await registry.PushAsync("team/web", "1.0.0_build.1", first, Token);
        await registry.PushAsync("team/web", "1.2.0", second, Token);
        await registry.PushAsync("team/web", "2.0.0-rc.1", PackedChart.Of("web", "2.0.0-rc.1"), Token);

        // 1. The newest stable one, a range, a pre-release by its name, a tag, and a manifest's digest whatever the tags say.
        Assert.Equal(("1.2.0", ChartCache.DigestOf(second)), await PullAsync(registry, "team/web", null));
        Assert.Equal(("1.0.0+build.1", ChartCache.DigestOf(first)), await PullAsync(registry, "team/web", "~1.0"));
        Assert.Equal("2.0.0-rc.1", (await PullAsync(registry, "team/web", "2.0.0-rc.1")).Version);
        Assert.Equal("1.0.0+build.1", (await PullAsync(registry, "team/web:1.0.0_build.1", null)).Version);
        Assert.Equal("1.0.0+build.1", (await PullAsync(registry, $"team/web@{digest}", null)).Version);
        Assert.Equal("1.0.0+build.1", (await PullAsync(registry, $"team/web:1.2.0@{digest}", null)).Version);

        // 2. What is not there, or may not be had.
        Assert.Contains("could not locate a version", (await Assert.ThrowsAsync<ChartException>(() => PullAsync(registry, "team/web", ">=3"))).Message, StringComparison.Ordinal);
        Assert.Equal(System.Net.HttpStatusCode.NotFound, (await Assert.ThrowsAsync<HttpRequestException>(() => PullAsync(registry, "team/web:9.9.9", null))).StatusCode);
        Assert.Equal(System.Net.HttpStatusCode.NotFound, (await Assert.ThrowsAsync<HttpRequestException>(() => PullAsync(registry, "team/other", null))).StatusCode);
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, (await Assert.ThrowsAsync<HttpRequestException>(() => PullAsync(registry, "team/web", null, new ChartCredential("me", "wrong")))).StatusCode);
    }

    private static async Task<(string Version, string Digest)> PullAsync(DockerRegistry registry, string reference, string? range, ChartCredential? credential = null)
    {
        using var http = new HttpClient();
        (Chart chart, string digest) = await new ChartSource(http, new ChartCache(null)).GetAsync(new ChartReference($"oci://{registry.Host}/{reference}", null, range), credential ?? Known, Token);
        return (chart.Version, digest);
    }
}
