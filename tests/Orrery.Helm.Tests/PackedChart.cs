using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Orrery.Helm.Charts;

namespace Orrery.Helm.Tests;

/// <summary>Chart archives made entry by entry.</summary>
internal static class PackedChart
{
    public static TarEntry File(string path, string content = "x") => new PaxTarEntry(TarEntryType.RegularFile, path) { DataStream = new MemoryStream(Encoding.Latin1.GetBytes(content)) };

    public static byte[] Pack(params IEnumerable<TarEntry> entries)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        using (var tar = new TarWriter(gzip))
        {
            foreach (TarEntry entry in entries)
            {
                tar.WriteEntry(entry);
            }
        }

        return packed.ToArray();
    }

    public static Chart Load(byte[] archive)
    {
        using var stream = new MemoryStream(archive);
        return Chart.Load(stream);
    }
}
