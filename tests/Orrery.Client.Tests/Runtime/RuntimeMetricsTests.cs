using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Orrery.Testing;

namespace Orrery.Client.Tests.Runtime;

/// <summary>What queues tell of themselves, by the names of client-go.</summary>
public sealed class RuntimeMetricsTests
{
    [Fact]
    public async Task WorkQueue_ByName_TellsWhatClientGoTells()
    {
        const string Name = "queue-of-this-test";
        var time = new ManualTime();
        using var told = new Told("name", Name);
        using var queue = new WorkQueue<string>(time, name: Name);
        RuntimeMetrics.Add(queue, Name);
        try
        {
            // 1. Two keys, one of them added twice, wait for two seconds.
            queue.Add("a");
            queue.Add("a");
            queue.Add("b");
            Assert.Equal(2, told.Gauge("workqueue_depth"));
            time.Advance(TimeSpan.FromSeconds(2));
            string first = await queue.TakeAsync(TestContext.Current.CancellationToken);
            Assert.Equal(1, told.Gauge("workqueue_depth"));
            Assert.Equal([2], told.Of("workqueue_queue_duration_seconds"));

            // 2. They are worked on for three seconds and one.
            time.Advance(TimeSpan.FromSeconds(2));
            string second = await queue.TakeAsync(TestContext.Current.CancellationToken);
            time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal((4, 3), (told.Gauge("workqueue_unfinished_work_seconds"), told.Gauge("workqueue_longest_running_processor_seconds")));

            // 3. One comes again while it is worked on, and waits from then on; the other is put off.
            queue.Add(first);
            queue.Done(first);
            queue.AddRateLimited(second);
            queue.Done(second);
            time.Advance(TimeSpan.FromSeconds(1));
            await queue.TakeAsync(TestContext.Current.CancellationToken);
            Assert.Equal([3, 1], told.Of("workqueue_work_duration_seconds"));
            Assert.Equal([2, 4, 1], told.Of("workqueue_queue_duration_seconds"));
            Assert.Equal((4, 1), (told.Of("workqueue_adds_total").Sum(), told.Of("workqueue_retries_total").Sum()));
        }
        finally
        {
            RuntimeMetrics.Remove(queue);
        }

        Assert.Null(told.Gauge("workqueue_depth"));
    }

    [Fact]
    public async Task Requests_AreCountedByWhatWasAnswered()
    {
        await using TestServer server = await TestServer.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        using var told = new Told("host", server.Url.Authority);

        await server.Admin.GetTextAsync("/version", TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<Orrery.Api.StatusException>(() => server.Admin.GetTextAsync("/none", TestContext.Current.CancellationToken));
        using var closed = new KubeClient(server.Config(null) with { Server = new Uri("https://127.0.0.1:1") });
        using var unheard = new Told("host", "127.0.0.1:1");
        await Assert.ThrowsAsync<HttpRequestException>(() => closed.GetTextAsync("/version", TestContext.Current.CancellationToken));

        Assert.Equal(1, told.Of("rest_client_requests_total", ("code", "200"), ("method", "GET")).Sum());
        Assert.Equal(1, told.Of("rest_client_requests_total", ("code", "404"), ("method", "GET")).Sum());
        Assert.Equal(2, told.Of("rest_client_request_duration_seconds", ("verb", "GET")).Count);
        Assert.Equal(1, unheard.Of("rest_client_requests_total", ("code", "<error>")).Sum());
    }

    /// <summary>What is told with one label, in order.</summary>
    private sealed class Told : IDisposable
    {
        private readonly MeterListener listener = new();
        private readonly string label;
        private readonly string value;
        private ConcurrentQueue<(Instrument Instrument, double Value, KeyValuePair<string, object?>[] Tags)> all = new();

        public Told(string label, string value)
        {
            (this.label, this.value) = (label, value);
            listener.InstrumentPublished = (instrument, mine) =>
            {
                if (instrument.Meter.Name == RuntimeMetrics.SourceName)
                {
                    mine.EnableMeasurementEvents(instrument);
                }
            };
            listener.SetMeasurementEventCallback<long>((instrument, measured, tags, _) => Record(instrument, measured, tags));
            listener.SetMeasurementEventCallback<double>((instrument, measured, tags, _) => Record(instrument, measured, tags));
            listener.Start();
        }

        public List<double> Of(string name, params (string Name, string Value)[] labels) =>
            [.. all.Where(m => m.Instrument.Name == name && labels.All(l => m.Tags.Contains(new KeyValuePair<string, object?>(l.Name, l.Value)))).Select(m => m.Value)];

        /// <summary>As it is now; null where nothing is told.</summary>
        public double? Gauge(string name)
        {
            all = new(all.Where(m => !m.Instrument.IsObservable));
            listener.RecordObservableInstruments();
            return Of(name) is [.., double last] ? last : null;
        }

        public void Dispose() => listener.Dispose();

        private void Record(Instrument instrument, double measured, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            KeyValuePair<string, object?>[] labels = tags.ToArray();
            if (labels.Contains(new KeyValuePair<string, object?>(label, value)))
            {
                all.Enqueue((instrument, measured, labels));
            }
        }
    }
}
