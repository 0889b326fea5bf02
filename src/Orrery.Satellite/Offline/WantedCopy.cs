using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Satellite.Offline;

/// <summary>What a satellite is to enforce, as text that fits into Secrets of its cluster. Pure.</summary>
internal static class WantedCopy
{
    /// <summary>Bytes a Secret: base64 makes a third more of them, and a Secret holds a MiB.</summary>
    private const int PartSize = 512 * 1024;

    /// <summary>The same for the same objects, in whatever order; what is only reported on them does not count.</summary>
    public static byte[] Encode(IEnumerable<KubeObject> objects)
    {
        using var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionLevel.Fastest))
        {
            foreach (KubeObject found in objects.OrderBy(o => o.Kind, StringComparer.Ordinal).ThenBy(o => o.Name, StringComparer.Ordinal))
            {
                JsonObject json = found.ToJsonObject();
                json.Remove("status");

                // It follows what is reported, too.
                json.Metadata.Remove("resourceVersion");
                gzip.Write(KubeJson.ToUtf8(json));
                gzip.WriteByte((byte)'\n');
            }
        }

        return buffer.ToArray();
    }

    /// <exception cref="InvalidDataException">It is not what <see cref="Encode"/> made.</exception>
    /// <exception cref="JsonException">Nor that.</exception>
    public static IReadOnlyList<KubeObject> Decode(byte[] copy)
    {
        var objects = new List<KubeObject>();
        using var lines = new StreamReader(new GZipStream(new MemoryStream(copy), CompressionMode.Decompress), Encoding.UTF8);
        while (lines.ReadLine() is { } line)
        {
            objects.Add(KubeObject.Parse(Encoding.UTF8.GetBytes(line)));
        }

        return objects;
    }

    public static IReadOnlyList<byte[]> Split(byte[] copy) => [.. copy.Chunk(PartSize)];

    public static string PartName(string prefix, int part) => prefix + part.ToString("d4", CultureInfo.InvariantCulture);
}
