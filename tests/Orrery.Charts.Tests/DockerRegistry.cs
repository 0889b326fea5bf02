using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Orrery.Helm;
using Orrery.Helm.Charts;
using Orrery.Testing;

namespace Orrery.Charts.Tests;

/// <summary>Debian's docker-registry on the loopback interface, which lets nobody in without a password, and a client that pushes charts as Helm does.</summary>
internal sealed partial class DockerRegistry : IDisposable
{
    public const string User = "me";
    public const string Password = "s3cret";

    private readonly Process process;
    private readonly HttpClient http;

    private DockerRegistry(Process process, int port)
    {
        this.process = process;
        Host = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
        http = new HttpClient { BaseAddress = new Uri($"http://{Host}/v2/") };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}")));
    }

    /// <summary>The program's path; null where it is not installed.</summary>
    public static string? Program { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Select(folder => Path.Combine(folder, "docker-registry")).FirstOrDefault(File.Exists);

    public string Host { get; }

    public static async Task<DockerRegistry> StartAsync(string folder, CancellationToken ct)
    {
        int port = FreePort.Take();
        string passwords = Path.Combine(folder, "htpasswd"), config = Path.Combine(folder, "config.yml");
        await File.WriteAllTextAsync(passwords, Htpasswd() + "\n", ct);
        await File.WriteAllTextAsync(config, string.Create(CultureInfo.InvariantCulture, $"""
            version: 0.1
            log: {"{level: error}"}
            storage:
              filesystem: {"{rootdirectory: "}{Path.Combine(folder, "data")}{"}"}
            http: {"{addr: \"127.0.0.1:"}{port}{"\"}"}
            auth:
              htpasswd: {"{realm: tests, path: "}{passwords}{"}"}
            """), ct);
        Process process = Process.Start(new ProcessStartInfo(Program!, ["serve", config]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var registry = new DockerRegistry(process, port);
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    using HttpResponseMessage answer = await registry.http.GetAsync(new Uri("", UriKind.Relative), ct);
                    return answer.IsSuccessStatusCode;
                }
                catch (HttpRequestException) when (!process.HasExited)
                {
                    return false;
                }
            },
            "the registry answers",
            TimeSpan.FromSeconds(60));
        return registry;
    }

    /// <summary>Pushes a chart under a tag.</summary>
    /// <returns>The digest of its manifest.</returns>
    public async Task<string> PushAsync(string name, string tag, byte[] archive, CancellationToken ct)
    {
        byte[] config = Encoding.UTF8.GetBytes($$"""{"name": "{{name.Split('/')[^1]}}", "version": "{{tag.Replace('_', '+')}}"}""");
        byte[] manifest = JsonSerializer.SerializeToUtf8Bytes(new
        {
            schemaVersion = 2,
            mediaType = "application/vnd.oci.image.manifest.v1+json",
            config = new { mediaType = "application/vnd.cncf.helm.config.v1+json", digest = await BlobAsync(name, config, ct), size = config.Length },
            layers = new[] { new { mediaType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip", digest = await BlobAsync(name, archive, ct), size = archive.Length } },
        });
        using var content = new ByteArrayContent(manifest);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/vnd.oci.image.manifest.v1+json");
        using HttpResponseMessage put = await http.PutAsync(new Uri($"{name}/manifests/{tag}", UriKind.Relative), content, ct);
        put.EnsureSuccessStatusCode();
        return put.Headers.GetValues("Docker-Content-Digest").Single();
    }

    private async Task<string> BlobAsync(string name, byte[] blob, CancellationToken ct)
    {
        string digest = "sha256:" + ChartCache.DigestOf(blob);
        using HttpResponseMessage begun = await http.PostAsync(new Uri($"{name}/blobs/uploads/", UriKind.Relative), null, ct);
        begun.EnsureSuccessStatusCode();
        var address = new Uri(http.BaseAddress!, begun.Headers.Location!);
        using var content = new ByteArrayContent(blob);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using HttpResponseMessage put = await http.PutAsync(new Uri($"{address}{(address.Query.Length > 0 ? "&" : "?")}digest={Uri.EscapeDataString(digest)}"), content, ct);
        put.EnsureSuccessStatusCode();
        return digest;
    }

    /// <summary>An entry of a password file, by the function that charts have for it.</summary>
    private static string Htpasswd()
    {
        using var packed = new MemoryStream(PackedChart.Pack(("p/Chart.yaml", "apiVersion: v2\nname: p\nversion: 1.0.0\n"), ("p/templates/NOTES.txt", $"{{{{ htpasswd \"{User}\" \"{Password}\" }}}}")));
        RenderedChart rendered = ChartRenderer.Render(
            Chart.Load(packed), new ReleaseInfo("p", "p"), new Capabilities(Capabilities.DefaultKubeVersion, []), new ValueOptions(), RenderLimits.Default, TimeProvider.System, CancellationToken.None);
        return Entry().Match(rendered.Notes).Value;
    }

    public void Dispose()
    {
        http.Dispose();
        ProcessSignals.Kill(process);
        process.Dispose();
    }

    [GeneratedRegex(@"^\S+$")]
    private static partial Regex Entry();
}
