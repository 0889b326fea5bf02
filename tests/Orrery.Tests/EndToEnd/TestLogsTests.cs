using System.Formats.Tar;
using System.IO.Compression;
using System.Net;
using System.Text;
using Orrery.Testing;

namespace Orrery.Tests.EndToEnd;

/// <summary><c>orrery installation test --logs</c> of a chart whose test goes once it has passed.</summary>
public sealed class TestLogsTests(CommandTests.Small installed) : IClassFixture<CommandTests.Small>
{
    [Fact]
    public async Task Test_WithLogs_PrintsWhatATestWroteThatGoesOnceItHasPassed()
    {
        Kubectl.Require();
        using var repository = new HttpListener { AuthenticationSchemes = AuthenticationSchemes.Basic };
        string address = $"http://127.0.0.1:{FreePort.Take()}/";
        repository.Prefixes.Add(address);
        repository.Start();
        Task serving = ServeAsync(repository);
        await installed.Root.RunAsync("create secret generic charts -n default --from-literal=username=ada --from-literal=password=lovelace");
        (await installed.OrreryAsync("tenant", "create", "acme", "--wait")).Succeeded();
        (await installed.OrreryAsync("application", "create", "shop")).Succeeded();
        (await installed.OrreryAsync("release", "create", "shop-1", "--application", "shop", "--version", "1.0.0", "--repository", address, "--chart", "web", "--chart-version", "1.0.0", "--credentials", "default/charts", "--wait")).Succeeded();
        (await installed.OrreryAsync("install", "create", "web", "-n", "acme", "--application", "shop", "--release", "shop-1", "--data-planes", "solo", "--wait")).Succeeded();

        string told = (await installed.OrreryAsync("install", "test", "web", "-n", "acme", "--logs", "--timeout", "120")).Succeeded();

        Assert.Matches("^--- solo: pod check, container main\nmain [^\n]*started[^\n]*\n(.*\n)*solo: Succeeded: 1 tests passed\n$", told);
        await Eventually.EqualsAsync("", () => installed.DataPlane("solo").RunAsync("get pods -n acme-web -o name"), TimeSpan.FromSeconds(60));
        Assert.DoesNotContain("keep-tests", await installed.Root.RunAsync("get installation web -n acme -o yaml"), StringComparison.Ordinal);
        repository.Stop();
        await serving;
    }

    /// <summary>A chart repository of one chart, for one user.</summary>
    private static async Task ServeAsync(HttpListener repository)
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await repository.GetContextAsync();
            }
            catch (Exception stopped) when (stopped is HttpListenerException or InvalidOperationException)
            {
                // Also when it was stopped before it was asked.
                return;
            }

            context.Response.StatusCode = context.User?.Identity is HttpListenerBasicIdentity { Name: "ada", Password: "lovelace" } ? 200 : 403;
            byte[] body = context.Request.Url!.AbsolutePath == "/index.yaml"
                ? Encoding.UTF8.GetBytes("apiVersion: v1\nentries:\n  web:\n  - {name: web, version: 1.0.0, urls: [web-1.0.0.tgz]}\n")
                : Packed(
                    ("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
                    ("web/templates/settings.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: b}\n"),
                    ("web/templates/check.yaml", """
                        apiVersion: v1
                        kind: Pod
                        metadata: {name: check, annotations: {"helm.sh/hook": test, "helm.sh/hook-delete-policy": hook-succeeded}}
                        spec: {restartPolicy: Never, containers: [{name: main, image: example.test/check:1}]}
                        """));
            try
            {
                await context.Response.OutputStream.WriteAsync(body);
                context.Response.Close();
            }
            catch (Exception gone) when (gone is HttpListenerException or IOException or ObjectDisposedException)
            {
                // Whoever asked has given up, or is asked to end.
            }
        }
    }

    private static byte[] Packed(params (string Path, string Content)[] files)
    {
        var bytes = new MemoryStream();
        using (var zip = new GZipStream(bytes, CompressionLevel.Fastest))
        using (var tar = new TarWriter(zip))
        {
            foreach ((string path, string content) in files)
            {
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, path) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)) });
            }
        }

        return bytes.ToArray();
    }
}
