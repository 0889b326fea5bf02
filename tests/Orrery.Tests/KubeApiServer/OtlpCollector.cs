using System.Collections.Concurrent;
using System.Net;
using Orrery.Testing;

namespace Orrery.Tests.KubeApiServer;

/// <summary>Takes what is sent by OTLP over HTTP, and remembers what kinds of it there were.</summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    private readonly HttpListener listener = new();
    private readonly ConcurrentDictionary<string, int> received = new(StringComparer.Ordinal);
    private readonly Task taking;

    public OtlpCollector()
    {
        Url = $"http://127.0.0.1:{FreePort.Take()}/";
        listener.Prefixes.Add(Url);
        listener.Start();
        taking = TakeAsync();
    }

    public string Url { get; }

    /// <summary>What a process must be told to send everything here, soon.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = Url, ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        ["OTEL_BSP_SCHEDULE_DELAY"] = "500", ["OTEL_BLRP_SCHEDULE_DELAY"] = "500", ["OTEL_METRIC_EXPORT_INTERVAL"] = "1000",
    };

    /// <summary>Paths that anything was sent to, sorted.</summary>
    public string Received => string.Join(' ', received.Where(r => r.Value > 0).Select(r => r.Key).Order(StringComparer.Ordinal));

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await taking;
        listener.Close();
    }

    private async Task TakeAsync()
    {
        while (listener.IsListening)
        {
            HttpListenerContext request;
            try
            {
                request = await listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or InvalidOperationException)
            {
                // Stopped, or about to be asked when it was.
                return;
            }

            try
            {
                using var body = new MemoryStream();
                await request.Request.InputStream.CopyToAsync(body);
                received.AddOrUpdate(request.Request.Url!.AbsolutePath, (int)body.Length, (_, before) => before + (int)body.Length);
                request.Response.ContentType = "application/x-protobuf";
                request.Response.Close();
            }
            catch (Exception e) when (e is HttpListenerException or IOException or ObjectDisposedException)
            {
                // Whoever sent it has ended, or this has.
            }
        }
    }
}
