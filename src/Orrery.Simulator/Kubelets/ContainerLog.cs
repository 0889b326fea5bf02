using System.Globalization;
using System.Text.Json;
using Orrery.Api;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Kubelets;

/// <summary>
/// The log of one run of a simulated container: a line at its start, one at every interval since, one at its end. It follows
/// from the pod's status, so nothing is stored and every reader sees the same lines. As with a kubelet, there is that of the last run and that of the one before.
/// </summary>
internal sealed class ContainerLog
{
    /// <summary>Older lines are rotated away.</summary>
    private const int Kept = 1000;

    private readonly string pod;
    private readonly string container;
    private readonly string id;
    private readonly TimeSpan interval;
    private readonly DateTimeOffset started;
    private readonly DateTimeOffset? finished;
    private readonly int exitCode;

    /// <param name="run">A state's <c>running</c> or <c>terminated</c>.</param>
    private ContainerLog(string pod, string container, string id, TimeSpan interval, JsonElement run)
    {
        this.pod = pod;
        this.container = container;
        this.id = id;
        this.interval = interval;
        started = run.GetProperty("startedAt").GetDateTimeOffset();
        if (run.TryGetProperty("finishedAt", out JsonElement end))
        {
            finished = end.GetDateTimeOffset();
            exitCode = run.GetProperty("exitCode").GetInt32();
        }
    }

    public bool IsFinished => finished is not null;

    /// <summary>Of the last run, whether it goes on or not, or of the one before.</summary>
    /// <exception cref="StatusException">There is no such container, or it has not run.</exception>
    public static ContainerLog Of(KubeObject pod, string? container, TimeSpan interval, bool previous = false)
    {
        string[] names = [.. Names(pod, "containers")], before = [.. Names(pod, "initContainers")];
        if (string.IsNullOrEmpty(container))
        {
            string others = before.Length == 0 ? "" : $" or one of the init containers: [{string.Join(' ', before)}]";
            container = names.Length == 1 && before.Length == 0 ? names[0]
                : throw ApiErrors.BadRequest($"a container name must be specified for pod {pod.Name}, choose one of: [{string.Join(' ', names)}]{others}");
        }

        if (!names.Contains(container) && !before.Contains(container) && !Names(pod, "ephemeralContainers").Contains(container))
        {
            throw ApiErrors.BadRequest($"container {container} is not valid for pod {pod.Name}");
        }

        JsonElement? status = StatusOf(pod, container);
        (string Id, JsonElement Run)? former = In(status, "lastState", "terminated");
        if (previous)
        {
            return former is { } last ? new ContainerLog(pod.Name, container, last.Id, interval, last.Run)
                : throw ApiErrors.BadRequest($"previous terminated container \"{container}\" in pod \"{pod.Name}\" not found");
        }

        if ((In(status, "state", "running") ?? In(status, "state", "terminated") ?? former) is { } found)
        {
            return new ContainerLog(pod.Name, container, found.Id, interval, found.Run);
        }

        string reason = status is { } held && held.GetProperty("state").TryGetProperty("waiting", out JsonElement why) && why.TryGetProperty("reason", out JsonElement text)
            ? text.GetString()!
            : "ContainerCreating";
        throw ApiErrors.BadRequest($"container \"{container}\" in pod \"{pod.Name}\" is waiting to start: {reason}");
    }

    /// <summary>The same run's log by what the pod says now; null once the pod knows it no more, as the container was started again twice.</summary>
    public ContainerLog? By(KubeObject now)
    {
        JsonElement? status = StatusOf(now, container);
        foreach ((string where, string state) in (ReadOnlySpan<(string, string)>)[("state", "running"), ("state", "terminated"), ("lastState", "terminated")])
        {
            if (In(status, where, state) is { } found && found.Id == id)
            {
                return new ContainerLog(pod, container, id, interval, found.Run);
            }
        }

        return null;
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

    private static IEnumerable<JsonElement> Items(JsonElement? list) => list is { ValueKind: JsonValueKind.Array } items ? items.EnumerateArray() : [];

    private static IEnumerable<string> Names(KubeObject pod, string list) => Items(pod.At("spec", list)).Select(NameOf);

    private static string NameOf(JsonElement container) => container.GetProperty("name").GetString()!;

    private static JsonElement? StatusOf(KubeObject pod, string container)
    {
        foreach (string list in (ReadOnlySpan<string>)["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"])
        {
            foreach (JsonElement status in Items(pod.At("status", list)))
            {
                if (NameOf(status) == container)
                {
                    return status;
                }
            }
        }

        return null;
    }

    /// <summary>A run and its id: that which it ended with, or that of the container that runs.</summary>
    private static (string Id, JsonElement Run)? In(JsonElement? status, string where, string state) =>
        status is { } container && container.TryGetProperty(where, out JsonElement states) && states.TryGetProperty(state, out JsonElement run)
            ? (run.TryGetProperty("containerID", out JsonElement own) || container.TryGetProperty("containerID", out own) ? own.GetString() ?? "" : "", run)
            : null;
}
