using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Machinery.Wire;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Handlers;

/// <summary>
/// A list in protobuf. Its envelope says how long it is before its first item, so that all of it is encoded before anything is sent: what that makes is kept as long as
/// there is room for it, which all lists of a server share, and what is beyond is encoded once more. So lists take no more memory the longer they are, as in JSON.
/// </summary>
internal sealed class ProtobufList(ResourceRequest request, ProtobufForm form, ListHead listed, IReadOnlyList<CachedObject> items) : ListBody
{
    /// <summary>Bytes of items that the lists of a server keep together.</summary>
    public const long MostKept = 16 << 20;

    /// <summary>What is kept, and handed on, in one piece.</summary>
    private const int Piece = 64 << 10;

    /// <summary>So many bytes are encoded before other requests have a turn on the same thread.</summary>
    private const int Turn = 256 << 10;

    private readonly ByteBudget budget = request.Server.KeptLists;
    private readonly List<byte[]> pieces = [];
    private byte[] head = [];
    private long keptLength;
    private int keptItems;
    private long length;

    public override long Length => form.Many.EnvelopeLength(length) + length;

    public override async ValueTask PrepareAsync(CancellationToken cancellationToken)
    {
        int next = Measure(0);
        while (next < items.Count)
        {
            await Task.Yield();
            cancellationToken.ThrowIfCancellationRequested();
            next = Measure(next);
        }
    }

    public override async ValueTask WriteAsync(PipeWriter output, CancellationToken cancellationToken)
    {
        using var chunk = new AnswerChunk(output, HttpProtocol.IsHttp2(request.Http.Request.Protocol), Length);
        form.Many.WriteHead(chunk, length);
        if (!form.Many.HasItemsFirst)
        {
            chunk.Write(head);
        }

        long left = keptLength;
        foreach (byte[] piece in pieces)
        {
            chunk.Write(piece.AsSpan(0, (int)Math.Clamp(left, 0, Piece)));
            left -= Piece;
            await FlushFullAsync(chunk, cancellationToken);
        }

        Release();
        for (int i = keptItems; i < items.Count; i++)
        {
            WriteItem(chunk, items[i]);
            await FlushFullAsync(chunk, cancellationToken);
        }

        if (form.Many.HasItemsFirst)
        {
            chunk.Write(head);
        }

        chunk.Write(ProtobufKind.Tail);
        await chunk.FlushAsync(cancellationToken);
    }

    public override void Dispose() => Release();

    private static ValueTask FlushFullAsync(AnswerChunk chunk, CancellationToken cancellationToken) =>
        chunk.IsFull ? chunk.FlushAsync(cancellationToken) : ValueTask.CompletedTask;

    /// <summary>Encodes as many items as one turn takes.</summary>
    /// <returns>The first of the next turn.</returns>
    private int Measure(int next)
    {
        using ProtobufEncoder encoder = ProtobufEncoder.Take();
        if (next == 0)
        {
            head = encoder.Encode(form.Many, ObjectEncoding.Write(new JsonObject { ["metadata"] = listed.ToJson() })).ToArray();
            length = head.Length;
        }

        Span<byte> prefix = stackalloc byte[ProtobufKind.LongestItemHead];
        for (long end = length + Turn; next < items.Count && length < end; next++)
        {
            ReadOnlySpan<byte> encoded = form.Item(request, encoder, items[next]);
            int size = form.Many.ItemLength(encoded.Length);
            length += size;
            if (keptItems == next && HasRoomFor(size))
            {
                Keep(prefix[..form.Many.WriteItemHead(prefix, encoded.Length)]);
                Keep(encoded);
                keptItems++;
            }
        }

        return next;
    }

    private bool HasRoomFor(int size)
    {
        while (((long)pieces.Count * Piece) - keptLength < size)
        {
            if (!budget.TryTake(Piece))
            {
                return false;
            }

            pieces.Add(ArrayPool<byte>.Shared.Rent(Piece));
        }

        return true;
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int at = (int)(keptLength % Piece);
            int some = Math.Min(Piece - at, bytes.Length);
            bytes[..some].CopyTo(pieces[(int)(keptLength / Piece)].AsSpan(at));
            keptLength += some;
            bytes = bytes[some..];
        }
    }

    private void Release()
    {
        foreach (byte[] piece in pieces)
        {
            ArrayPool<byte>.Shared.Return(piece);
            budget.Return(Piece);
        }

        pieces.Clear();
    }

    private void WriteItem(AnswerChunk chunk, CachedObject item)
    {
        using ProtobufEncoder encoder = ProtobufEncoder.Take();
        ReadOnlySpan<byte> encoded = form.Item(request, encoder, item);
        int size = form.Many.ItemLength(encoded.Length);
        Span<byte> to = chunk.GetSpan(size);
        encoded.CopyTo(to[form.Many.WriteItemHead(to, encoded.Length)..]);
        chunk.Advance(size);
    }
}
