using System.Text;

namespace Orrery.Storage.Etcd.Protocol;

/// <summary>etcd's <c>WatchRequest</c> that opens a watch.</summary>
internal static class WatchRequest
{
    public static ReadOnlyMemory<byte> Create(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to, long startRevision) =>
        new ProtoWriter().Message(1, new ProtoWriter()
            .Bytes(1, from)
            .Bytes(2, to)
            .Int(3, startRevision)
            .Flag(4, true) // progress_notify: an idle watch learns how far it has come
            .Flag(6, true) // prev_kv
            .Flag(8, true)).Written; // fragment: no answer larger than etcd takes as a request
}

/// <summary>etcd's <c>WatchResponse</c>.</summary>
/// <param name="Revision">Of the whole etcd. With no events, not created and not cancelled: all up to it has been told.</param>
/// <param name="CompactRevision">Not zero: the watch asked for what is no longer kept.</param>
/// <param name="IsFragment">More events of the same answer follow.</param>
internal sealed record WatchResponse(
    long Revision, bool IsCreated, bool IsCanceled, long CompactRevision, string CancelReason, bool IsFragment, IReadOnlyList<WatchedEvent> Events)
{
    public static WatchResponse Read(ReadOnlySpan<byte> message)
    {
        long revision = 0;
        bool created = false;
        bool canceled = false;
        long compacted = 0;
        string reason = "";
        bool fragment = false;
        var events = new List<WatchedEvent>();
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: revision = ResponseHeader.Revision(reader.Bytes); break;
                case 3: created = reader.Flag; break;
                case 4: canceled = reader.Flag; break;
                case 5: compacted = reader.Int; break;
                case 6: reason = Encoding.UTF8.GetString(reader.Bytes); break;
                case 7: fragment = reader.Flag; break;
                case 11: events.Add(WatchedEvent.Read(reader.Bytes)); break;
            }
        }

        return new WatchResponse(revision, created, canceled, compacted, reason, fragment, events);
    }
}

/// <summary>etcd's <c>mvccpb.Event</c>.</summary>
/// <param name="Previous">Null when the key was made, or when what it was is no longer kept.</param>
internal sealed record WatchedEvent(bool IsDelete, KeyValue Current, KeyValue? Previous)
{
    public static WatchedEvent Read(ReadOnlySpan<byte> message)
    {
        bool delete = false;
        KeyValue? current = null;
        KeyValue? previous = null;
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: delete = reader.Int == 1; break;
                case 2: current = KeyValue.Read(reader.Bytes); break;
                case 3: previous = KeyValue.Read(reader.Bytes); break;
            }
        }

        return new WatchedEvent(delete, current ?? throw new FormatException("an event without a key"), previous);
    }
}
