using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace Orrery.Charts.Tests;

/// <summary>Packs small charts into archives.</summary>
internal static class PackedChart
{
    public static byte[] Of(string name, string version) => Pack(
        ($"{name}/Chart.yaml", $"apiVersion: v2\nname: {name}\nversion: {version}\n"),
        ($"{name}/templates/cm.yaml", "kind: ConfigMap\nversion: {{ .Chart.Version }}\n"));

    public static byte[] Pack(params (string Path, string Content)[] files)
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
