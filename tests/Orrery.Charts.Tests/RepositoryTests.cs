using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Orrery.Helm;
using Orrery.Helm.Charts;

namespace Orrery.Charts.Tests;

/// <summary>Charts out of a chart repository: which version, which bytes, and what is refused.</summary>
public sealed class RepositoryTests
{
    private static readonly string[] Versions = ["1.0.0", "1.2.0", "1.10.0", "2.0.0-rc.1"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<LocalHttp> RepositoryAsync(Func<string, string> digestOf, List<string>? asked = null) => await LocalHttp.StartAsync(async context =>
    {
        asked?.Add(context.Request.Path);
        if (context.Request.Path == "/charts/index.yaml")
        {
            string entries = string.Concat(Versions.Select(v => $"  - name: web\n    version: {v}\n    urls: [files/web-{v}.tgz]\n    digest: {digestOf(v)}\n"));
            await context.Response.WriteAsync("apiVersion: v1\nentries:\n  web:\n" + entries, Token);
            return;
        }

        string? version = Versions.FirstOrDefault(v => context.Request.Path == $"/charts/files/web-{v}.tgz");
        context.Response.StatusCode = version is null ? 404 : 200;
        await context.Response.Body.WriteAsync(version is null ? [] : PackedChart.Of("web", version), Token);
    });

    [Fact]
    public async Task GetAsync_FromWhomNobodyTrusts_SaysWhoAndWhy()
    {
        using RSA key = RSA.Create(2048);
        using X509Certificate2 own = new CertificateRequest("CN=charts", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        await using LocalHttp server = await LocalHttp.StartAsync(_ => Task.CompletedTask, own);
        using var http = new HttpClient();

        HttpRequestException fault = await Assert.ThrowsAsync<HttpRequestException>(
            () => new ChartSource(http, new ChartCache(null)).GetAsync(new ChartReference("web", server.Address, null, null), null, Token));

        Assert.Matches($"^{server.Address.Authority} cannot be trusted: .*certificate is invalid", fault.Message);
    }

    private static string Digest(string version) => ChartCache.DigestOf(PackedChart.Of("web", version));

    [Theory]
    [InlineData(null, "1.10.0")]
    [InlineData("^1.0", "1.10.0")]
    [InlineData("~1.2", "1.2.0")]
    [InlineData("<1.2.0", "1.0.0")]
    [InlineData("1.2.0", "1.2.0")]
    [InlineData("2.0.0-rc.1", "2.0.0-rc.1")]
    [InlineData(">=1.0.0-0", "2.0.0-rc.1")]
    public async Task GetAsync_Range_TakesTheNewestWithin(string? range, string expected)
    {
        await using LocalHttp server = await RepositoryAsync(Digest);
        using var http = new HttpClient();
        var source = new ChartSource(http, new ChartCache(null));

        (Chart chart, string digest) = await source.GetAsync(new ChartReference("web", new Uri(server.Address, "charts"), range), null, Token);

        Assert.Equal(expected, chart.Version);
        Assert.Equal(Digest(expected), digest);
    }

    [Fact]
    public async Task GetAsync_ArchiveHasAnotherDigestThanTheIndexSays_IsRefused()
    {
        await using LocalHttp server = await RepositoryAsync(_ => new string('a', 64));
        using var http = new HttpClient();
        var source = new ChartSource(http, new ChartCache(null));

        ChartException refused = await Assert.ThrowsAsync<ChartException>(() => source.GetAsync(new ChartReference("web", new Uri(server.Address, "charts")), null, Token));

        Assert.Contains(new string('a', 64), refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetAsync_DigestKnown_AsksNobody()
    {
        var asked = new List<string>();
        await using LocalHttp server = await RepositoryAsync(Digest, asked);
        using var http = new HttpClient();
        string folder = Directory.CreateTempSubdirectory("orrery-charts-").FullName;
        var reference = new ChartReference("web", new Uri(server.Address, "charts"), "1.2.0", Digest("1.2.0"));
        await new ChartSource(http, new ChartCache(folder)).GetAsync(reference, null, Token);
        asked.Clear();

        (Chart chart, _) = await new ChartSource(http, new ChartCache(folder)).GetAsync(reference, null, Token);

        Assert.Equal("1.2.0", chart.Version);
        Assert.Equal([], asked);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task GetAsync_KeptArchiveWasChanged_IsFetchedAgain()
    {
        await using LocalHttp server = await RepositoryAsync(Digest);
        using var http = new HttpClient();
        string folder = Directory.CreateTempSubdirectory("orrery-charts-").FullName;
        var reference = new ChartReference("web", new Uri(server.Address, "charts"), "1.2.0", Digest("1.2.0"));
        await new ChartSource(http, new ChartCache(folder)).GetAsync(reference, null, Token);
        await File.WriteAllBytesAsync(Directory.GetFiles(folder).Single(), PackedChart.Of("other", "9.9.9"), Token);

        (Chart chart, _) = await new ChartSource(http, new ChartCache(folder)).GetAsync(reference, null, Token);

        Assert.Equal("web", chart.Name);
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("absent", null, "no chart name found: absent")]
    [InlineData("web", ">9", "no chart version found for web->9")]
    [InlineData("web", "not a range", "improper constraint: \"not a range\"")]
    public async Task GetAsync_NothingFits_SaysWhat(string name, string? range, string expected)
    {
        await using LocalHttp server = await RepositoryAsync(Digest);
        using var http = new HttpClient();
        var source = new ChartSource(http, new ChartCache(null));

        ChartException refused = await Assert.ThrowsAsync<ChartException>(() => source.GetAsync(new ChartReference(name, new Uri(server.Address, "charts"), range), null, Token));

        Assert.Equal(expected, refused.Message);
    }

    [Fact]
    public async Task GetAsync_IndexPointsToAnotherHost_CredentialStaysAtHome()
    {
        string? given = "not asked";
        await using LocalHttp other = await LocalHttp.StartAsync(async context =>
        {
            given = context.Request.Headers.Authorization;
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"x\"";
            await context.Response.CompleteAsync();
        });
        await using LocalHttp server = await LocalHttp.StartAsync(context => context.Response.WriteAsync(
            $"apiVersion: v1\nentries:\n  web:\n  - name: web\n    version: 1.0.0\n    urls: ['{other.Address}web.tgz']\n", Token));
        using var http = new HttpClient();
        var source = new ChartSource(http, new ChartCache(null));

        await Assert.ThrowsAsync<HttpRequestException>(() => source.GetAsync(new ChartReference("web", server.Address), new ChartCredential("me", "secret"), Token));

        Assert.Equal("", given ?? "");
    }
}
