using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Server.Protection;

namespace Orrery.Server.Tests.Protection;

public sealed class StalledClientsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A request that has ended is another by then, or none: to touch it is a fault that nobody catches, and the end of the process.</summary>
    [Fact]
    public async Task TakenAsync_ClientTakesItJustWhenItIsCutOff_TheRequestLastsUntilThatIsDone()
    {
        using var abort = new SlowAbort();
        var http = new DefaultHttpContext();
        http.Features.Set<IHttpRequestLifetimeFeature>(abort);
        GuardedBody body = new StalledClients(TimeSpan.FromMilliseconds(1), TimeProvider.System, NullLogger<StalledClients>.Instance).Guard(http);

        // Whoever waits goes on within the call that tells him.
        var flush = new TaskCompletionSource<FlushResult>();
        Task<FlushResult> taken = body.TakenAsync(new ValueTask<FlushResult>(flush.Task)).AsTask();
        await abort.Begun.Task.WaitAsync(TimeSpan.FromSeconds(60), Token);
        flush.SetResult(default);

        Assert.False(taken.IsCompleted);
        abort.End.Set();
        await taken.WaitAsync(TimeSpan.FromSeconds(60), Token);
    }

    private sealed class SlowAbort : IHttpRequestLifetimeFeature, IDisposable
    {
        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ManualResetEventSlim End { get; } = new();

        public CancellationToken RequestAborted { get; set; }

        public void Abort()
        {
            Begun.SetResult();
            End.Wait(Token);
        }

        public void Dispose()
        {
            End.Set();
            End.Dispose();
        }
    }
}
