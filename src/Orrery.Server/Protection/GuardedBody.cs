using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Orrery.Server.Fairness;

namespace Orrery.Server.Protection;

/// <summary>The body of one answer, of which every wait for the client has an end. Costs one small object until somebody writes.</summary>
internal sealed class GuardedBody(HttpContext http, IHttpResponseBodyFeature inner, StalledClients clients) : IHttpResponseBodyFeature
{
    private GuardedWriter? writer;
    private Stream? stream;

    /// <summary>See <see cref="StalledClients.LetPause"/>.</summary>
    public bool MayPause { get; set; }

    /// <summary>The last byte of an answer whose length its client was told goes out when the request has ended, as the end of any other answer does.</summary>
    public bool HoldsEnd { get; private set; }

    /// <summary>What its request has taken of the server, which is for others while the client is waited for.</summary>
    public Seat Seat { get; set; } = Seat.None;

    public PipeWriter Writer => writer ??= new GuardedWriter(inner.Writer, this);

    public Stream Stream => stream ??= Writer.AsStream(leaveOpen: true);

    /// <summary>The seat of a request, where its answer is guarded.</summary>
    public static Seat SeatOf(HttpContext http) => http.Features.Get<IHttpResponseBodyFeature>() is GuardedBody body ? body.Seat : Seat.None;

    /// <summary>Something is to be done between the answer and its end.</summary>
    public static void HoldEnd(HttpContext http)
    {
        if (http.Features.Get<IHttpResponseBodyFeature>() is GuardedBody body)
        {
            body.HoldsEnd = true;
        }
    }

    public void DisableBuffering() => inner.DisableBuffering();

    public Task StartAsync(CancellationToken cancellationToken = default) => inner.StartAsync(cancellationToken);

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        SendFileFallback.SendFileAsync(Stream, path, offset, count, cancellationToken);

    public async Task CompleteAsync()
    {
        Task done = inner.CompleteAsync();
        if (!done.IsCompleted)
        {
            await using ITimer end = clients.Begin(this);
            using Aside aside = Seat.SetAside();
            await done;
            return;
        }

        await done;
    }

    /// <summary>The handler has written all, and the rest is for the client to take: the server by itself would wait for that without an end.</summary>
    public async ValueTask EndAsync()
    {
        if (writer is not { HasWritten: true } || http.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        try
        {
            if (HoldsEnd && http.Response.HasStarted)
            {
                // HTTP/1.1 would keep it until the connection's next answer.
                await TakenAsync(inner.Writer.FlushAsync());
            }

            await CompleteAsync();
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The client went away, or was cut off.
        }
    }

    /// <param name="written">Bytes of the answer so far.</param>
    internal bool IsHeldEnd(long written) => HoldsEnd && http.Response.ContentLength is { } length && written >= length;

    /// <summary>Its client takes nothing.</summary>
    internal void CutOff() => clients.CutOff(http, this);

    internal ValueTask<FlushResult> TakenAsync(ValueTask<FlushResult> flush) => flush.IsCompleted ? flush : WaitAsync(flush);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> WaitAsync(ValueTask<FlushResult> flush)
    {
        await using ITimer end = clients.Begin(this);
        using Aside aside = Seat.SetAside();
        return await flush;
    }
}
