using System.Net.Security;
using Orrery.Storage.Etcd.Grpc;

namespace Orrery.Storage.Tests.Etcd;

public sealed class GrpcChannelTests
{
    /// <summary>As a watch does that opens just as its store is closed.</summary>
    [Fact]
    public async Task Call_CancelledAndOfAClosedChannel_EndsAsCancelled()
    {
        var channel = new GrpcChannel(new Uri("http://127.0.0.1:1"), static () => new SslClientAuthenticationOptions(), TimeSpan.FromSeconds(1));
        channel.Dispose();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => channel.CallAsync("/none", default, static _ => true, new CancellationToken(canceled: true)));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => channel.CallAsync("/none", default, static _ => true, TestContext.Current.CancellationToken));
    }
}
