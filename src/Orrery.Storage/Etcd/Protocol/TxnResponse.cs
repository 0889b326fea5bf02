namespace Orrery.Storage.Etcd.Protocol;

/// <summary>etcd's <c>TxnResponse</c>.</summary>
/// <param name="Revision">Of the whole etcd after the transaction: the one it made, when it changed something.</param>
/// <param name="Ranges">What the range operations of the branch taken answered, in their order.</param>
/// <param name="Nested">What a transaction within that branch answered.</param>
internal sealed record TxnResponse(long Revision, bool Succeeded, IReadOnlyList<RangeResponse> Ranges, TxnResponse? Nested)
{
    public static TxnResponse Read(ReadOnlySpan<byte> message)
    {
        long revision = 0;
        bool succeeded = false;
        var ranges = new List<RangeResponse>();
        TxnResponse? nested = null;
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: revision = ResponseHeader.Revision(reader.Bytes); break;
                case 2: succeeded = reader.Flag; break;
                case 3:
                    var operation = new ProtoReader(reader.Bytes);
                    while (operation.Next())
                    {
                        switch (operation.Field)
                        {
                            case 1: ranges.Add(RangeResponse.Read(operation.Bytes)); break;
                            case 4: nested = Read(operation.Bytes); break;
                        }
                    }

                    break;
            }
        }

        return new TxnResponse(revision, succeeded, ranges, nested);
    }
}
