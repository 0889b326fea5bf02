using System.IO.Pipelines;
using Orrery.Hub;

namespace Orrery.Controllers.Tests.Tunnels;

public sealed class CarriedStreamTests
{
    /// <summary>The framework's reader tells whoever interrupts it that its connection broke, and that is no fault of the server.</summary>
    [Fact]
    public async Task EndAsync_WhereTheConnectionBrokeMeanwhile_EndsWithTheRead()
    {
        var pipe = new Pipe();
        await using var carried = new CarriedStream(pipe.Reader.AsStream(), new AbortedReader(pipe.Reader));
        Task<int> read = carried.ReadAsync(new byte[1]).AsTask();

        Task end = carried.EndAsync();

        Assert.False(end.IsCompleted);
        await pipe.Writer.CompleteAsync(new IOException("the connection broke"));
        Assert.Equal("the connection broke", (await Assert.ThrowsAsync<IOException>(() => read)).Message);
        await end;
    }

    /// <summary>A request body whose connection has broken, as Kestrel reads it.</summary>
    private sealed class AbortedReader(PipeReader inner) : PipeReader
    {
        public override void CancelPendingRead() => throw new IOException("The request stream was aborted.");

        public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => inner.AdvanceTo(consumed, examined);

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => inner.ReadAsync(cancellationToken);

        public override bool TryRead(out ReadResult result) => inner.TryRead(out result);
    }
}
