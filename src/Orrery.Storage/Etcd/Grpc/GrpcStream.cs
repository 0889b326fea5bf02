using System.Net;

namespace Orrery.Storage.Etcd.Grpc;

/// <summary>The answers of a call that streams. Disposing it ends the call.</summary>
internal sealed class GrpcStream(HttpResponseMessage response, Stream body, OpenContent request) : IAsyncDisposable
{
    /// <exception cref="GrpcException">The server has ended the call, well or not.</exception>
    public async ValueTask<T> ReadAsync<T>(GrpcFrames.Parse<T> parse, CancellationToken cancellationToken)
    {
        (bool found, T? value) = await GrpcFrames.ReadAsync(body, parse, cancellationToken).ConfigureAwait(false);
        if (found)
        {
            return value!;
        }

        GrpcFrames.CheckStatus(response);
        throw new GrpcException(GrpcCode.Unavailable, "the server has ended the stream");
    }

    public async ValueTask DisposeAsync()
    {
        request.Close();
        await body.DisposeAsync().ConfigureAwait(false);
        response.Dispose();
    }
}

/// <summary>A request's body that stays open after its first message.</summary>
internal sealed class OpenContent(byte[] first) : HttpContent
{
    private readonly TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Close() => closed.TrySetResult();

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(first, cancellationToken).ConfigureAwait(false);
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        await closed.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        closed.TrySetResult();
        base.Dispose(disposing);
    }
}
