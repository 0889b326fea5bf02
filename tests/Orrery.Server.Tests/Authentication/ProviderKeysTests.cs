using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Server.Authentication.Oidc;

namespace Orrery.Server.Tests.Authentication;

public sealed class ProviderKeysTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Nothing refuses, nothing answers: whoever asks waits until it is too long.</summary>
    [Fact]
    public async Task Find_KeysAreOldAndTheProviderIsSilent_OneAsksAndAllOthersHaveTheKnown()
    {
        await using Provider provider = await Provider.StartAsync();
        var clock = new Clock();
        var asked = new TaskCompletionSource();
        bool isSilent = false;
        Stream? before = null;
        using var keys = new ProviderKeys(
            new TokenProvider { Issuer = provider.Issuer, Audiences = ["kube"], Username = new ClaimMapping("sub", ""), Authorities = provider.Options.Authorities },
            async (host, cancellationToken) =>
            {
                if (isSilent)
                {
                    asked.TrySetResult();
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
                }

                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, host.Port, cancellationToken);
                return before = new NetworkStream(socket, ownsSocket: true);
            },
            clock, NullLogger.Instance);
        Assert.Single(await keys.FindAsync(null, Token));

        isSilent = true;
        await before!.DisposeAsync();
        clock.Shift = TimeSpan.FromHours(2);
        using var gone = new CancellationTokenSource();
        Task first = keys.FindAsync(null, gone.Token).AsTask();
        await Task.WhenAny(asked.Task, first);
        for (int i = 0; i < 20; i++)
        {
            Assert.Single(await keys.FindAsync(null, Token));
        }

        Assert.False(first.IsCompleted);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Shift { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Shift;
    }
}
