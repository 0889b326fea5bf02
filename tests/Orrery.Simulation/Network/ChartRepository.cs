using System.Formats.Tar;
using System.IO.Compression;
using System.Net;
using System.Text;
using Orrery.Simulation.Faults;
using Orrery.Simulation.Worlds;

namespace Orrery.Simulation.Network;

/// <summary>A chart repository with one chart, on a way that goes wrong like every other.</summary>
internal sealed class ChartRepository(World world, SimulatedProcess process) : HttpMessageHandler
{
    public const string Address = "https://charts.example/";

    private static readonly Dictionary<string, byte[]> Files = new()
    {
        ["/index.yaml"] = Encoding.UTF8.GetBytes("apiVersion: v1\nentries:\n  product:\n  - {apiVersion: v2, name: product, version: 3.0.0, urls: [product-3.0.0.tgz]}\n"),
        ["/product-3.0.0.tgz"] = Pack(
            ("product/Chart.yaml", "apiVersion: v2\nname: product\nversion: 3.0.0\n"),
            ("product/values.yaml", "greeting: none\n"),
            ("product/templates/migrate.yaml",
                """
                apiVersion: batch/v1
                kind: Job
                metadata:
                  name: migrate
                  annotations: {"helm.sh/hook": "pre-install,pre-upgrade"}
                spec:
                  template:
                    spec:
                      restartPolicy: Never
                      containers: [{name: main, image: "migrate:3"}]

                """),
            ("product/templates/settings.yaml",
                """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: settings}
                data: {key: three, greeting: {{ .Values.greeting }}}

                """)),
    };

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        string what = $"{process.Name} GET charts{request.RequestUri!.AbsolutePath}";
        await Task.Delay(world.Weather.Latency(), world.Time, cancellationToken);
        if (process.IsDead || world.Weather.FateOf(process, what, isWrite: false, isWatch: false) is Fate.Lost or Fate.Refused or Fate.Unanswered)
        {
            world.Note($"{what}: lost");
            throw new HttpRequestException("the connection broke");
        }

        bool has = Files.TryGetValue(request.RequestUri.AbsolutePath, out byte[]? file);
        world.Note($"{what}: {(has ? 200 : 404)}");
        return has ? new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(file!) } : new HttpResponseMessage(HttpStatusCode.NotFound);
    }

    private static byte[] Pack(params (string Path, string Content)[] files)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip))
        {
            foreach ((string path, string content) in files)
            {
                using var data = new MemoryStream(Encoding.UTF8.GetBytes(content));
                tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, path) { DataStream = data, ModificationTime = DateTimeOffset.UnixEpoch });
            }
        }

        return packed.ToArray();
    }
}
