namespace Orrery.Storage.Etcd.Protocol;

/// <summary>etcd's <c>RangeRequest</c>.</summary>
internal static class RangeRequest
{
    /// <param name="end">First key beyond; empty asks for the one key.</param>
    /// <param name="limit">Zero means all.</param>
    /// <param name="revision">Zero means the newest.</param>
    public static ProtoWriter Of(ReadOnlySpan<byte> key, ReadOnlySpan<byte> end = default, long limit = 0, long revision = 0) =>
        new ProtoWriter().Bytes(1, key).Bytes(2, end).Int(3, limit).Int(4, revision);
}

/// <summary>etcd's <c>RangeResponse</c>.</summary>
/// <param name="Revision">Of the whole etcd; zero within a transaction.</param>
internal sealed record RangeResponse(long Revision, IReadOnlyList<KeyValue> Items, bool HasMore)
{
    public static RangeResponse Read(ReadOnlySpan<byte> message)
    {
        long revision = 0;
        bool more = false;
        var items = new List<KeyValue>();
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: revision = ResponseHeader.Revision(reader.Bytes); break;
                case 2: items.Add(KeyValue.Read(reader.Bytes)); break;
                case 3: more = reader.Flag; break;
            }
        }

        return new RangeResponse(revision, items, more);
    }
}
