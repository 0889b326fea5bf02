using System.Net;
using Orrery.Api;
using Orrery.Client.Tests.Support;
using Orrery.Testing;

namespace Orrery.Client.Tests.Http;

/// <summary>A watch that whoever answers has forgotten, on a connection that is well and answers every ping.</summary>
public sealed class WatchLimitTests
{
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    [Fact]
    public async Task WatchAsync_NeverAnswered_EndsAfterTheTimeOfARequest()
    {
        var time = new ManualTime();
        var server = new Forgetful(begins: false);
        using KubeClient client = Client(server, time);
        Task watch = WatchAsync(client, default);
        await Until.TrueAsync(() => server.Asked == 1, "asked");

        time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(watch.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));
        TimeoutException fault = await Assert.ThrowsAsync<TimeoutException>(() => watch.WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Equal("watch of /api/v1/namespaces/default/configmaps: no answer within 60 s", fault.Message);
    }

    [Fact]
    public async Task WatchAsync_ThatNeverEnds_EndsHalfAMinuteAfterItShould()
    {
        var time = new ManualTime();
        var server = new Forgetful(begins: true);
        using KubeClient client = Client(server, time);
        Task watch = WatchAsync(client, default);
        await Until.TrueAsync(() => server.IsRead, "read");

        time.Advance(TimeSpan.FromSeconds(329));
        Assert.False(watch.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));
        TimeoutException fault = await Assert.ThrowsAsync<TimeoutException>(() => watch.WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Equal("watch of /api/v1/namespaces/default/configmaps: it did not end when it was to", fault.Message);
    }

    [Fact]
    public async Task WatchAsync_Cancelled_EndsAsThat()
    {
        var server = new Forgetful(begins: true);
        using KubeClient client = Client(server, new ManualTime());
        using var stop = new CancellationTokenSource();
        Task watch = WatchAsync(client, stop.Token);
        await Until.TrueAsync(() => server.IsRead, "read");

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watch.WaitAsync(TimeSpan.FromSeconds(60)));
    }

    private static KubeClient Client(Forgetful server, TimeProvider time) => new(new ClientConfig(new Uri("https://cluster.example.com")) { Carrier = () => server }, time);

    private static async Task WatchAsync(KubeClient client, CancellationToken cancellationToken)
    {
        await foreach (WatchEvent _ in client.WatchAsync(ConfigMaps, "default", new WatchQuery { Timeout = TimeSpan.FromMinutes(5) }, cancellationToken))
        {
        }
    }

    /// <summary>Takes a watch, begins to answer or not, and says nothing more.</summary>
    private sealed class Forgetful(bool begins) : HttpMessageHandler
    {
        private readonly Silence silence = new();

        public int Asked { get; private set; }

        public bool IsRead => silence.IsRead;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Asked++;
            if (!begins)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            }

            return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(silence) };
        }
    }

    private sealed class Silence : Stream
    {
        public bool IsRead { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            IsRead = true;
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return 0;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
