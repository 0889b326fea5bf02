using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;

namespace Orrery.Storage.Backup;

/// <summary>Reads what <see cref="BackupWriter"/> wrote. A file that was cut short, or differs in one byte, is refused.</summary>
public sealed class BackupReader(string path)
{
    /// <summary>Reads the whole file and believes nothing before its end.</summary>
    /// <exception cref="BackupException">It is no backup, or not whole.</exception>
    public async Task<(BackupHeader Header, long Objects)> CheckAsync(CancellationToken cancellationToken)
    {
        BackupHeader? header = null;
        long objects = 0;
        await foreach (Entry entry in ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            header ??= entry.Header;
            objects += entry.Item is null ? 0 : 1;
        }

        return (header!, objects);
    }

    /// <summary>The objects, in key order. To be used once <see cref="CheckAsync"/> has passed; what has changed since ends it with the same fault.</summary>
    public async IAsyncEnumerable<StoredValue> ItemsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (Entry entry in ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            if (entry.Item is { } item)
            {
                yield return item;
            }
        }
    }

    private async IAsyncEnumerable<Entry> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        string lastKey = "";
        long objects = 0;
        bool isFirst = true, isWhole = false;
        await foreach (byte[] line in LinesAsync(cancellationToken).ConfigureAwait(false))
        {
            if (isWhole)
            {
                throw new BackupException($"{path}: something follows the end of the backup");
            }

            Line read = Parse(line);
            if (isFirst)
            {
                yield return new Entry(HeaderOf(read), null);
                isFirst = false;
            }
            else if (read.Sha256 is { } sum)
            {
                isWhole = sum == Convert.ToHexStringLower(digest.GetHashAndReset()) && read.Objects == objects
                    ? true
                    : throw new BackupException($"{path} is damaged: its digest is not that of its content");
                continue;
            }
            else
            {
                StoredValue item = ItemOf(read);
                if (KeyOrder.Compare(item.Key, lastKey) <= 0)
                {
                    throw new BackupException($"{path} is damaged: {item.Key} is out of order");
                }

                lastKey = item.Key;
                objects++;
                yield return new Entry(null, item);
            }

            digest.AppendData(line);
            digest.AppendData("\n"u8);
        }

        if (!isWhole)
        {
            throw new BackupException(isFirst ? $"{path} is no backup of Orrery" : $"{path} is not whole: its end is missing");
        }
    }

    private async IAsyncEnumerable<byte[]> LinesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using FileStream file = File.OpenRead(path);
        await using var zip = new GZipStream(file, CompressionMode.Decompress);
        PipeReader pipe = PipeReader.Create(zip);
        while (true)
        {
            ReadResult read;
            try
            {
                read = await pipe.ReadAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (InvalidDataException fault)
            {
                throw new BackupException($"{path} is damaged, or no backup of Orrery: {fault.Message}", fault);
            }

            ReadOnlySequence<byte> rest = read.Buffer;
            while (rest.PositionOf((byte)'\n') is { } end)
            {
                byte[] line = rest.Slice(0, end).ToArray();
                rest = rest.Slice(rest.GetPosition(1, end));
                yield return line;
            }

            if (read.IsCompleted)
            {
                if (!rest.IsEmpty)
                {
                    throw new BackupException($"{path} is not whole: its last line has no end");
                }

                yield break;
            }

            pipe.AdvanceTo(rest.Start, rest.End);
        }
    }

    private Line Parse(byte[] line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, BackupJson.Default.Line) ?? throw new BackupException($"{path} is damaged: a line says nothing");
        }
        catch (JsonException fault)
        {
            throw new BackupException($"{path} is damaged, or no backup of Orrery", fault);
        }
    }

    private BackupHeader HeaderOf(Line line)
    {
        if (line is not { Format: BackupWriter.Format, Revision: >= 0 })
        {
            throw new BackupException($"{path} is no backup of Orrery");
        }

        return line.Version == BackupWriter.Version
            ? new BackupHeader(line.Revision.Value, line.Taken ?? default, line.Keys)
            : throw new BackupException($"{path} has format {line.Version}; this program reads format {BackupWriter.Version}");
    }

    private StoredValue ItemOf(Line line) =>
        line is { Key: { Length: > 0 } key, Value: { } value, Created: > 0 and { } created, Modified: > 0 and { } modified } && key[0] == '/' && created <= modified
            ? new StoredValue(key, value, modified, created)
            : throw new BackupException($"{path} is damaged: a line is no object");

    private readonly record struct Entry(BackupHeader? Header, StoredValue? Item);
}
