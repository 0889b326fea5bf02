using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Api;

namespace Orrery.Client;

/// <summary>
/// Tells people what happened to an object: core/v1 Events beside it. The same thing said again raises the count of
/// the Event that said it first. Recording never waits: Events are written by <see cref="RunAsync"/>, the oldest are
/// dropped (and logged) when more than 1,000 wait.
/// </summary>
public sealed class EventRecorder
{
    private const int MostWaiting = 1000;

    /// <summary>Events remembered for counting. Forgetting one only makes a new Event where a count would have done.</summary>
    private const int MostRemembered = 4096;

    private static readonly GroupVersionResource Events = new("", "v1", "events");

    private readonly KubeClient client;
    private readonly string component;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Dictionary<Saying, Said> known = [];
    private readonly Channel<Saying> waiting;

    /// <param name="component">Who speaks; <c>source.component</c>.</param>
    public EventRecorder(KubeClient client, string component, TimeProvider? time = null, ILoggerFactory? loggers = null)
    {
        this.client = client;
        this.component = component;
        this.time = time ?? TimeProvider.System;
        logger = (loggers ?? NullLoggerFactory.Instance).CreateLogger("Orrery.Client.Events");
        waiting = Channel.CreateBounded<Saying>(
            new BoundedChannelOptions(MostWaiting) { SingleReader = true, FullMode = BoundedChannelFullMode.DropOldest },
            lost => RuntimeLog.EventLost(logger, lost.Reason, $"{lost.Kind} {lost.Namespace}/{lost.Name}", "too many wait"));
    }

    public void Normal(KubeObject about, string reason, string message, ClusterName? cluster = null) => Record(about, "Normal", reason, message, cluster);

    public void Warning(KubeObject about, string reason, string message, ClusterName? cluster = null) => Record(about, "Warning", reason, message, cluster);

    /// <param name="type"><c>Normal</c> or <c>Warning</c>.</param>
    /// <param name="cluster">Where the object lives; null takes the object's own <see cref="KubeObject.Cluster"/>, or else the client's.</param>
    public void Record(KubeObject about, string type, string reason, string message, ClusterName? cluster = null)
    {
        ClusterName at = cluster ?? (about.Cluster.IsRoot ? client.Cluster : about.Cluster);
        waiting.Writer.TryWrite(new Saying(at, about.ApiVersion, about.Kind, about.Namespace, about.Name, about.Uid, type, reason, message));
    }

    /// <summary>Writes recorded Events until cancelled. A fault loses that Event only, and is logged.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (Saying saying in waiting.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                try
                {
                    await WriteAsync(saying, cancellationToken).ConfigureAwait(false);
                }
                catch (Exception e) when (e is StatusException or HttpRequestException or IOException or TimeoutException)
                {
                    RuntimeLog.EventLost(logger, saying.Reason, $"{saying.Kind} {saying.Namespace}/{saying.Name}", e.Message);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop; what still waits is about a moment that has passed.
        }
    }

    private async Task WriteAsync(Saying saying, CancellationToken cancellationToken)
    {
        // Events about a cluster-scoped object stand in the namespace "default", as upstream.
        string ns = saying.Namespace.Length > 0 ? saying.Namespace : "default";
        KubeClient target = client.InCluster(saying.Cluster);
        DateTimeOffset now = time.GetUtcNow();
        if (known.TryGetValue(saying, out Said? said))
        {
            said.Count++;
            var patch = new JsonObject { ["count"] = said.Count, ["lastTimestamp"] = Conditions.Time(now) };
            try
            {
                await target.PatchAsync(Events, ns, said.Name, PatchKind.Merge, patch, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (StatusException e) when (e.IsNotFound)
            {
                // Events expire; then it is said anew.
            }
        }

        string name = string.Create(CultureInfo.InvariantCulture, $"{saying.Name}.{now.UtcTicks:x}");
        await target.CreateAsync(Events, ns, Encode(saying, ns, name, now), cancellationToken).ConfigureAwait(false);
        if (known.Count >= MostRemembered)
        {
            known.Clear();
        }

        known[saying] = new Said(name);
    }

    private JsonObject Encode(Saying saying, string ns, string name, DateTimeOffset now)
    {
        var about = new JsonObject { ["apiVersion"] = saying.ApiVersion, ["kind"] = saying.Kind, ["name"] = saying.Name, ["uid"] = saying.Uid };
        if (saying.Namespace.Length > 0)
        {
            about["namespace"] = saying.Namespace;
        }

        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Event",
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns },
            ["involvedObject"] = about,
            ["reason"] = saying.Reason,
            ["message"] = saying.Message,
            ["type"] = saying.Type,
            ["source"] = new JsonObject { ["component"] = component },
            ["reportingComponent"] = component,
            ["reportingInstance"] = component,
            ["firstTimestamp"] = Conditions.Time(now),
            ["lastTimestamp"] = Conditions.Time(now),
            ["count"] = 1,
        };
    }

    private sealed record Saying(
        ClusterName Cluster, string ApiVersion, string Kind, string Namespace, string Name, string Uid, string Type, string Reason, string Message);

    private sealed class Said(string name)
    {
        public string Name { get; } = name;

        public int Count { get; set; } = 1;
    }
}
