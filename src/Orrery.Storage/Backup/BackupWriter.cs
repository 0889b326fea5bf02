using System.Buffers;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;

namespace Orrery.Storage.Backup;

/// <summary>
/// Writes a backup: gzip of JSON lines, so that <c>zcat</c> shows it. A header, a line an object, and a last line with their number and
/// the SHA-256 of all bytes before it. docs/operations.md describes it.
/// </summary>
public static class BackupWriter
{
    internal const string Format = "orrery-backup";
    internal const int Version = 1;

    /// <param name="items">Live keys in key order, all of one revision.</param>
    /// <returns>How many objects were written.</returns>
    public static async Task<long> WriteAsync(Stream output, BackupHeader header, IAsyncEnumerable<StoredValue> items, CancellationToken cancellationToken)
    {
        await using var zip = new GZipStream(output, CompressionLevel.Fastest, leaveOpen: true);
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new ArrayBufferWriter<byte>(64 * 1024);

        // 1. What it is.
        Line(buffer, json =>
        {
            json.WriteString("format", Format);
            json.WriteNumber("version", Version);
            json.WriteNumber("revision", header.Revision);
            json.WriteString("taken", header.Taken.UtcDateTime);
            if (header.Keys is not null)
            {
                json.WriteString("keys", header.Keys);
            }
        });

        // 2. What it holds.
        long objects = 0;
        await foreach (StoredValue item in items.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            Line(buffer, json =>
            {
                json.WriteString("key", item.Key);
                json.WriteNumber("created", item.CreateRevision);
                json.WriteNumber("modified", item.ModRevision);
                json.WriteBase64String("value", item.Value.Span);
            });
            objects++;
            if (buffer.WrittenCount > 32 * 1024)
            {
                await FlushAsync().ConfigureAwait(false);
            }
        }

        // 3. That it is whole.
        await FlushAsync().ConfigureAwait(false);
        string sum = Convert.ToHexStringLower(digest.GetHashAndReset());
        Line(buffer, json =>
        {
            json.WriteNumber("objects", objects);
            json.WriteString("sha256", sum);
        });
        await FlushAsync().ConfigureAwait(false);
        return objects;

        async ValueTask FlushAsync()
        {
            digest.AppendData(buffer.WrittenSpan);
            await zip.WriteAsync(buffer.WrittenMemory, cancellationToken).ConfigureAwait(false);
            buffer.ResetWrittenCount();
        }
    }

    private static void Line(ArrayBufferWriter<byte> buffer, Action<Utf8JsonWriter> members)
    {
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
    }
}
