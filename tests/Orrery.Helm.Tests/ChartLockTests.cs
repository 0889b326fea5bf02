using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Orrery.Helm.Charts;

namespace Orrery.Helm.Tests;

/// <summary>Lock files against the lists that they were made for. The digest was computed apart, by the rule of Helm's resolver.</summary>
public sealed class ChartLockTests
{
    private const string Chart = """
        apiVersion: v2
        name: shop
        version: 1.0.0
        dependencies:
        - {name: cache, version: ">=1.0 <2", repository: "https://charts.example.test", condition: cache.enabled, tags: [store], import-values: [data], alias: store}

        """;

    private const string Lock = """
        dependencies:
        - name: cache
          repository: https://charts.example.test
          version: 1.4.2
        digest: sha256:27250ee8498039243081bed27b692a33bfb01e50caec45ce4d0469c8a91013fb
        generated: "2026-01-01T00:00:00Z"

        """;

    [Theory]
    [InlineData("", "", false)]
    [InlineData(">=1.0 <2", ">=1.0 <3", true)]
    [InlineData("tags: [store]", "tags: [stores]", true)]
    [InlineData("alias: store", "alias: other", true)]
    public void HasStaleLock_AListThatChanged_IsTold(string before, string after, bool stale) =>
        Assert.Equal(stale, Load(("Chart.yaml", before.Length == 0 ? Chart : Chart.Replace(before, after, StringComparison.Ordinal)), ("Chart.lock", Lock)).HasStaleLock);

    [Fact]
    public void HasStaleLock_ALockThatChangedOrIsMissing_IsTold()
    {
        Assert.True(Load(("Chart.yaml", Chart), ("Chart.lock", Lock.Replace("1.4.2", "1.4.3", StringComparison.Ordinal))).HasStaleLock);
        Assert.True(Load(("Chart.yaml", Chart), ("Chart.lock", "{}")).HasStaleLock);
        Assert.False(Load(("Chart.yaml", Chart)).HasStaleLock);
    }

    private static Chart Load(params (string Path, string Content)[] files)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip))
        {
            foreach ((string path, string content) in files)
            {
                using var data = new MemoryStream(Encoding.UTF8.GetBytes(content));
                tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, "shop/" + path) { DataStream = data });
            }
        }

        packed.Position = 0;
        return Charts.Chart.Load(packed);
    }
}
