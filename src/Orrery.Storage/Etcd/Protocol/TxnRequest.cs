namespace Orrery.Storage.Etcd.Protocol;

/// <summary>Builds etcd's <c>TxnRequest</c>: what holds, what to do then, and what to do otherwise.</summary>
internal sealed class TxnRequest
{
    private const int Success = 2;
    private const int Failure = 3;

    /// <summary><c>Compare.CompareTarget.MOD</c>; the comparison is <c>EQUAL</c>, the default.</summary>
    private const int ModTarget = 2;

    private readonly ProtoWriter message = new();

    public ReadOnlyMemory<byte> Encoded => message.Written;

    /// <param name="revision">Zero: the key is absent.</param>
    public TxnRequest WhenModRevision(ReadOnlySpan<byte> key, long revision)
    {
        message.Message(1, new ProtoWriter().Int(2, ModTarget).Bytes(3, key).OneOf(6, revision));
        return this;
    }

    public TxnRequest ThenRange(ProtoWriter range) => Then(1, range);

    public TxnRequest ThenPut(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => Then(2, Put(key, value));

    public TxnRequest ThenDelete(ReadOnlySpan<byte> key) => Then(3, new ProtoWriter().Bytes(1, key));

    public TxnRequest Then(TxnRequest nested) => Then(4, nested.message);

    public TxnRequest ElseRange(ProtoWriter range) => Else(1, range);

    public TxnRequest ElsePut(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => Else(2, Put(key, value));

    public TxnRequest ElseDelete(ReadOnlySpan<byte> key) => Else(3, new ProtoWriter().Bytes(1, key));

    private static ProtoWriter Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => new ProtoWriter().Bytes(1, key).Bytes(2, value);

    private TxnRequest Then(int kind, ProtoWriter operation) => Add(Success, kind, operation);

    private TxnRequest Else(int kind, ProtoWriter operation) => Add(Failure, kind, operation);

    private TxnRequest Add(int branch, int kind, ProtoWriter operation)
    {
        message.Message(branch, new ProtoWriter().Message(kind, operation));
        return this;
    }
}
