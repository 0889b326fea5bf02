using System.Globalization;
using System.Text.Json;
using Orrery.Api;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Kubelets;

/// <summary>
/// The log of one simulated container: a line at its start, one at every interval since, one at its end. It follows
/// from the pod's status, so nothing is stored and every reader sees the same lines.
/// </summary>
internal sealed class ContainerLog
{
    /// <summary>Older lines are rotated away.</summary>
    private const int Kept = 1000;

    private readonly string pod;
    private readonly string container;
    private readonly TimeSpan interval;
    private readonly DateTimeOffset started;
    private readonly DateTimeOffset? finished;
    private readonly int exitCode;

    private ContainerLog(string pod, string container, TimeSpan interval, DateTimeOffset started, DateTimeOffset? finished, int exitCode)
    {
        this.pod = pod;
        this.container = container;
        this.interval = interval;
        this.started = started;
        this.finished = finished;
        this.exitCode = exitCode;
    }

    public bool IsFinished => finished is not null;

    private static IEnumerable<JsonElement> Items(JsonElement? list) => list is { ValueKind: JsonValueKind.Array } items ? items.EnumerateArray() : [];

    private static string NameOf(JsonElement container) => container.GetProperty("name").GetString()!;

    /// <exception cref="StatusException">There is no such container, or it has not started.</exception>
    public static ContainerLog Of(KubeObject pod, string? container, TimeSpan interval)
    {
        string[] names = [.. Items(pod.At("spec", "containers")).Select(NameOf)];
        if (string.IsNullOrEmpty(container))
        {
            container = names.Length == 1 ? names[0]
                : throw ApiErrors.BadRequest($"a container name must be specified for pod {pod.Name}, choose one of: [{string.Join(' ', names)}]");
        }

        if (!names.Contains(container) && !Items(pod.At("spec", "ephemeralContainers")).Select(NameOf).Contains(container))
        {
            throw ApiErrors.BadRequest($"container {container} is not valid for pod {pod.Name}");
        }

        JsonElement? state = Items(pod.At("status", "containerStatuses")).Concat(Items(pod.At("status", "ephemeralContainerStatuses")))
            .Where(s => NameOf(s) == container).Select(s => (JsonElement?)s.GetProperty("state")).FirstOrDefault();
        if (state is { } running && running.TryGetProperty("running", out JsonElement run))
        {
            return new ContainerLog(pod.Name, container, interval, run.GetProperty("startedAt").GetDateTimeOffset(), null, 0);
        }

        if (state is { } ended && ended.TryGetProperty("terminated", out JsonElement end))
        {
            return new ContainerLog(
                pod.Name, container, interval, end.GetProperty("startedAt").GetDateTimeOffset(), end.GetProperty("finishedAt").GetDateTimeOffset(), end.GetProperty("exitCode").GetInt32());
        }

        string reason = state is { } waiting && waiting.TryGetProperty("waiting", out JsonElement why) && why.TryGetProperty("reason", out JsonElement text)
            ? text.GetString()!
            : "ContainerCreating";
        throw ApiErrors.BadRequest($"container \"{container}\" in pod \"{pod.Name}\" is waiting to start: {reason}");
    }

    /// <summary>Number of lines written by <paramref name="now"/>; they are numbered from zero.</summary>
    public long CountAt(DateTimeOffset now)
    {
        DateTimeOffset end = finished is { } at && at < now ? at : now;
        long beats = end < started ? 0 : ((end - started).Ticks / interval.Ticks) + 1;
        return finished is { } over && over <= now ? beats + 1 : beats;
    }

    public long OldestKept(DateTimeOffset now) => Math.Max(0, CountAt(now) - Kept);

    public DateTimeOffset TimeOf(long line) =>
        finished is { } end && line >= ((end - started).Ticks / interval.Ticks) + 1 ? end : started + (interval * line);

    public string TextOf(long line)
    {
        if (line == 0)
        {
            return $"{container} started in pod {pod}";
        }

        return finished is { } end && line >= ((end - started).Ticks / interval.Ticks) + 1
            ? string.Create(CultureInfo.InvariantCulture, $"{container} ended with exit code {exitCode}")
            : string.Create(CultureInfo.InvariantCulture, $"{container} has been running for {(interval * line).TotalSeconds:0.###} s");
    }
}
