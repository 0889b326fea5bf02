using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Orrery.Helm;
using Orrery.Helm.Charts;

namespace Orrery.Charts.Tests;

/// <summary>
/// Charts out of an OCI registry that asks for a token. The registry here is a small one of the tests' own: it answers the
/// requests of the distribution specification that pulling needs.
/// </summary>
public sealed class OciTests
{
    private static readonly string[] Tags = ["0.9.0", "1.0.0_build.1", "1.1.0", "2.0.0-beta"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static byte[] Manifest(byte[] archive, string configType) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        schemaVersion = 2,
        config = new { mediaType = configType, digest = "sha256:" + ChartCache.DigestOf("{}"u8), size = 2 },
        layers = new[] { new { mediaType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip", digest = "sha256:" + ChartCache.DigestOf(archive), size = archive.Length } },
    });

    private static Task<LocalHttp> RegistryAsync(string configType = "application/vnd.cncf.helm.config.v1+json", bool lie = false) => LocalHttp.StartAsync(async context =>
    {
        HttpResponse response = context.Response;
        string path = context.Request.Path;
        if (path == "/token")
        {
            bool right = context.Request.Headers.Authorization == "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("me:secret"));
            response.StatusCode = right && context.Request.Query["scope"] == "repository:team/web:pull" ? 200 : 401;
            await response.WriteAsync("{\"token\":\"t0k\"}", Token);
            return;
        }

        if (context.Request.Headers.Authorization != "Bearer t0k")
        {
            response.StatusCode = 401;
            response.Headers.WWWAuthenticate = $"Bearer realm=\"http://{context.Request.Host}/token\",service=\"tests\",scope=\"repository:team/web:pull\"";
            return;
        }

        string? tag = Tags.FirstOrDefault(t => path == $"/v2/team/web/manifests/{t}");
        byte[]? body = path == "/v2/team/web/tags/list" ? JsonSerializer.SerializeToUtf8Bytes(new { name = "team/web", tags = Tags })
            : tag is not null ? Manifest(Archive(tag), configType)
            : Tags.Select(Archive).FirstOrDefault(a => path == "/v2/team/web/blobs/sha256:" + ChartCache.DigestOf(a));
        response.StatusCode = body is null ? 404 : 200;
        await response.Body.WriteAsync(lie && path.Contains("/blobs/", StringComparison.Ordinal) ? PackedChart.Of("evil", "1.0.0") : body ?? [], Token);
    });

    private static byte[] Archive(string tag) => PackedChart.Of("web", tag.Replace('_', '+'));

    private static async Task<Chart> GetAsync(LocalHttp server, string suffix, string? range, ChartCredential? credential)
    {
        using var http = new HttpClient();
        (Chart chart, _) = await new ChartSource(http, new ChartCache(null)).GetAsync(new ChartReference($"oci://{server.Address.Authority}/team/web{suffix}", null, range), credential, Token);
        return chart;
    }

    [Theory]
    [InlineData("", null, "1.1.0")]
    [InlineData("", "~1.0", "1.0.0+build.1")]
    [InlineData("", "2.0.0-beta", "2.0.0-beta")]
    [InlineData(":0.9.0", null, "0.9.0")]
    public async Task GetAsync_TagOrRange_PullsThatVersion(string suffix, string? range, string expected)
    {
        await using LocalHttp server = await RegistryAsync();

        Chart chart = await GetAsync(server, suffix, range, new ChartCredential("me", "secret"));

        Assert.Equal(expected, chart.Version);
    }

    [Fact]
    public async Task GetAsync_NoCredential_IsRefusedByTheRegistry()
    {
        await using LocalHttp server = await RegistryAsync();

        HttpRequestException refused = await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(server, "", null, null));

        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    [Fact]
    public async Task GetAsync_ImageInPlaceOfAChart_IsRefused()
    {
        await using LocalHttp server = await RegistryAsync("application/vnd.oci.image.config.v1+json");

        ChartException refused = await Assert.ThrowsAsync<ChartException>(() => GetAsync(server, ":1.1.0", null, new ChartCredential("me", "secret")));

        Assert.Contains("no Helm chart", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetAsync_BlobHasAnotherDigest_IsRefused()
    {
        await using LocalHttp server = await RegistryAsync(lie: true);

        ChartException refused = await Assert.ThrowsAsync<ChartException>(() => GetAsync(server, ":1.1.0", null, new ChartCredential("me", "secret")));

        Assert.Contains("does not have the digest", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<html>Please log in</html>")]
    [InlineData("[]")]
    [InlineData("{\"config\": \"x\"}")]
    [InlineData("{\"config\": {\"mediaType\": \"application/vnd.cncf.helm.config.v1+json\"}, \"layers\": [{}, 7]}")]
    public async Task GetAsync_SomethingElseAnswers_IsSaidAsSuch(string answer)
    {
        await using LocalHttp server = await LocalHttp.StartAsync(context => context.Response.WriteAsync(answer, Token));

        ChartException refused = await Assert.ThrowsAsync<ChartException>(() => GetAsync(server, ":1.1.0", null, null));

        Assert.Matches("does not answer as a registry does|is no Helm chart|does not contain a layer", refused.Message);
    }

    [Fact]
    public async Task GetAsync_TagsOverSeveralPages_AreAllSeen()
    {
        byte[] archive = PackedChart.Of("web", "3.0.0");
        await using LocalHttp server = await LocalHttp.StartAsync(async context =>
        {
            (string path, bool isFirst) = (context.Request.Path, context.Request.Query["last"].Count == 0);
            if (path == "/v2/team/web/tags/list" && isFirst)
            {
                context.Response.Headers.Link = "</v2/team/web/tags/list?last=1.0.0&n=1>; rel=\"next\"";
            }

            await context.Response.Body.WriteAsync(
                path == "/v2/team/web/tags/list" ? JsonSerializer.SerializeToUtf8Bytes(new { name = "team/web", tags = new[] { isFirst ? "1.0.0" : "3.0.0" } })
                : path == "/v2/team/web/manifests/3.0.0" ? Manifest(archive, "application/vnd.cncf.helm.config.v1+json") : archive,
                Token);
        });

        Assert.Equal("3.0.0", (await GetAsync(server, "", null, null)).Version);
    }
}
