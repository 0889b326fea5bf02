namespace Orrery.Storage.Etcd.Protocol;

/// <summary>etcd's <c>mvccpb.KeyValue</c>, with bytes of its own.</summary>
internal sealed record KeyValue(byte[] Key, byte[] Value, long CreateRevision, long ModRevision)
{
    public static KeyValue Read(ReadOnlySpan<byte> message)
    {
        byte[] key = [];
        byte[] value = [];
        long created = 0;
        long modified = 0;
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: key = reader.Bytes.ToArray(); break;
                case 2: created = reader.Int; break;
                case 3: modified = reader.Int; break;
                case 5: value = reader.Bytes.ToArray(); break;
            }
        }

        return new KeyValue(key, value, created, modified);
    }
}

/// <summary>The part of every answer that tells the state it shows.</summary>
internal static class ResponseHeader
{
    /// <summary>The revision of the whole etcd, whoever's keys it changed.</summary>
    public static long Revision(ReadOnlySpan<byte> message)
    {
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            if (reader.Field == 3)
            {
                return reader.Int;
            }
        }

        return 0;
    }
}
