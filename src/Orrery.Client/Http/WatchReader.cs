using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Client;

/// <summary>Reads a watch's body: one JSON event a line, of any length.</summary>
internal static class WatchReader
{
    public static async IAsyncEnumerable<WatchEvent> ReadAsync(Stream body, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Zero-byte reads: an idle watch holds no buffer.
        PipeReader pipe = PipeReader.Create(body, new StreamPipeReaderOptions(bufferSize: 16 * 1024, useZeroByteReads: true));
        try
        {
            // How much of the present line was already searched for its end: a long line is searched once, not once a read.
            long searched = 0;
            while (true)
            {
                ReadResult read = await pipe.ReadAsync(cancellationToken).ConfigureAwait(false);
                ReadOnlySequence<byte> buffer = read.Buffer;
                while (FindLineEnd(buffer, searched) is { } end)
                {
                    ReadOnlySequence<byte> line = buffer.Slice(0, end);
                    WatchEvent? found = Parse(line);
                    buffer = buffer.Slice(buffer.GetPosition(1, end));
                    searched = 0;
                    if (found is not null)
                    {
                        yield return found;
                    }
                }

                searched = buffer.Length;
                pipe.AdvanceTo(buffer.Start, buffer.End);
                if (read.IsCompleted)
                {
                    if (searched > 0)
                    {
                        // The connection broke inside an event; resuming sends it again.
                        throw new IOException($"watch ended within an event, after {searched} bytes of it");
                    }

                    yield break;
                }
            }
        }
        finally
        {
            await pipe.CompleteAsync().ConfigureAwait(false);
        }
    }

    private static SequencePosition? FindLineEnd(in ReadOnlySequence<byte> buffer, long from) => buffer.Slice(from).PositionOf((byte)'\n');

    /// <returns>Null for an empty line.</returns>
    /// <exception cref="StatusException">The event is an ERROR.</exception>
    private static WatchEvent? Parse(in ReadOnlySequence<byte> line)
    {
        if (line.IsEmpty)
        {
            return null;
        }

        var reader = new Utf8JsonReader(line, KubeJson.ReaderOptions);
        reader.Read();
        string? type = null;
        JsonElement body = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isType = reader.ValueTextEquals("type"u8);
            bool isObject = reader.ValueTextEquals("object"u8);
            reader.Read();
            if (isType)
            {
                type = reader.GetString();
            }
            else if (isObject)
            {
                body = JsonElement.ParseValue(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        return type switch
        {
            "ADDED" => new WatchEvent(WatchEventType.Added, new KubeObject(body)),
            "MODIFIED" => new WatchEvent(WatchEventType.Modified, new KubeObject(body)),
            "DELETED" => new WatchEvent(WatchEventType.Deleted, new KubeObject(body)),
            "BOOKMARK" => new WatchEvent(WatchEventType.Bookmark, new KubeObject(body)),
            "ERROR" => throw new StatusException(Status.FromJson(JsonObject.Create(body) ?? [])),
            _ => throw new JsonException($"watch event of unknown type '{type}'"),
        };
    }
}
