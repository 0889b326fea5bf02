using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Kubelets;

/// <summary>
/// What becomes of the containers of a running pod as time passes, each by itself: one that ends stays so, or is started again, at once the first time and after ever longer waits then. Of each the run
/// before stays in its status (<c>lastState</c>), which its former log follows from.
/// </summary>
internal sealed class ContainerTurns
{
    /// <summary>kubelet's longest wait before a container that ended is started again.</summary>
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromMinutes(5);

    /// <summary>One that ran for so long is started again as if it had never ended, as a kubelet forgets its waits after twice the longest.</summary>
    private static readonly TimeSpan Calm = LongestBackoff * 2;

    private readonly KubeObject pod;
    private readonly SimulationOptions options;
    private readonly DateTimeOffset now;
    private readonly List<JsonObject> statuses = [];
    private readonly List<string> started = [];
    private readonly List<string> heldBack = [];

    private ContainerTurns(KubeObject pod, SimulationOptions options, DateTimeOffset now)
    {
        this.pod = pod;
        this.options = options;
        this.now = now;
    }

    public IReadOnlyList<JsonObject> Statuses => statuses;

    /// <summary>Containers that were started again.</summary>
    public IReadOnlyList<string> Started => started;

    /// <summary>Containers that ended and wait before they are started again.</summary>
    public IReadOnlyList<string> HeldBack => heldBack;

    /// <summary>When the next one ends or is started again; null when none does by itself.</summary>
    public DateTimeOffset? Next { get; private set; }

    public bool HasChanges { get; private set; }

    /// <summary>Running, or how the pod ended: once all its containers have.</summary>
    public string Phase =>
        statuses.Exists(s => !IsOver(s)) ? "Running" : statuses.Exists(s => ExitCode(s) != 0) ? "Failed" : "Succeeded";

    public static ContainerTurns Of(KubeObject pod, SimulationOptions options, DateTimeOffset now)
    {
        var turns = new ContainerTurns(pod, options, now);
        var specs = pod.At("spec", "containers")!.Value.EnumerateArray().ToDictionary(c => c.GetProperty("name").GetString()!, StringComparer.Ordinal);
        foreach (JsonObject status in (pod.CopyAt("status")["containerStatuses"] as JsonArray ?? []).OfType<JsonObject>())
        {
            if (specs.TryGetValue(status.TextAt("name") ?? "", out JsonElement spec))
            {
                turns.Turn(status, spec);
            }

            turns.statuses.Add(status.DeepClone().AsObject());
        }

        return turns;
    }

    /// <summary>Whether any container of a pod ends by itself: of most pods none does, and to find that out must cost nothing.</summary>
    public static bool HasAny(KubeObject pod) => pod.TextAt("spec", "restartPolicy") is "Never" or "OnFailure"
        || pod.At("spec", "containers")!.Value.EnumerateArray().Any(c => c.TryGetProperty("command", out _) || c.TryGetProperty("args", out _));

    private void Turn(JsonObject status, JsonElement spec)
    {
        JsonObject state = status.ObjectAt("state");
        if (state["running"] is JsonObject running)
        {
            string policy = pod.TextAt("spec", "restartPolicy") ?? "Always";
            var program = ContainerProgram.Of(spec, options.RunTime, isService: policy == "Always");
            DateTimeOffset begun = TimeAt(running, "startedAt");
            if (program.Runs is { } runs && !IsLater(begun + runs))
            {
                End(status, PodStatus.Terminated(program.ExitCode, begun, now, status.TextAt("containerID")), policy == "Always" || (policy == "OnFailure" && program.ExitCode != 0));
            }
        }
        else if (state["waiting"] is not null && status["lastState"]?["terminated"] is JsonObject last && !IsLater(TimeAt(last, "finishedAt") + Backoff(status)))
        {
            Start(status);
        }
    }

    private void End(JsonObject status, JsonObject ended, bool isStartedAgain)
    {
        HasChanges = true;
        status["ready"] = false;
        status["started"] = false;
        if (!isStartedAgain)
        {
            status["state"] = ended;
            return;
        }

        status["lastState"] = ended;
        JsonObject last = ended.ObjectAt("terminated");
        if (Restarts(status) == 0 || TimeAt(last, "finishedAt") - TimeAt(last, "startedAt") >= Calm)
        {
            Start(status);
            return;
        }

        TimeSpan wait = Backoff(status);
        status["state"] = new JsonObject
        {
            ["waiting"] = new JsonObject
            {
                ["reason"] = "CrashLoopBackOff",
                ["message"] = $"back-off {Said(wait)} restarting failed container={status.TextAt("name")} pod={pod.Name}_{pod.Namespace}({pod.Uid})",
            },
        };
        heldBack.Add(status.TextAt("name")!);
        _ = IsLater(TimeAt(last, "finishedAt") + wait);
    }

    private void Start(JsonObject status)
    {
        HasChanges = true;
        int restarts = Restarts(status) + 1;
        status["restartCount"] = restarts;
        status["containerID"] = PodStatus.ContainerId(pod, status.TextAt("name")!, restarts);
        status["ready"] = true;
        status["started"] = true;
        status["state"] = new JsonObject { ["running"] = new JsonObject { ["startedAt"] = Conditions.Time(now) } };
        started.Add(status.TextAt("name")!);
    }

    /// <summary>Whether that is still to come; it is then looked at again.</summary>
    private bool IsLater(DateTimeOffset at)
    {
        if (at <= now)
        {
            return false;
        }

        Next = Next is { } next && next < at ? next : at;
        return true;
    }

    private TimeSpan Backoff(JsonObject status)
    {
        TimeSpan wait = options.RestartBackoff * Math.Pow(2, Math.Clamp(Restarts(status) - 1, 0, 16));
        return wait < LongestBackoff ? wait : LongestBackoff;
    }

    /// <summary>As Go prints durations: 10s, 1m20s.</summary>
    private static string Said(TimeSpan wait) =>
        wait < TimeSpan.FromMinutes(1) ? string.Create(CultureInfo.InvariantCulture, $"{wait.TotalSeconds:0.###}s")
        : string.Create(CultureInfo.InvariantCulture, $"{(int)wait.TotalMinutes}m{wait.Seconds}s");

    private static int Restarts(JsonObject status) => (int?)status["restartCount"] ?? 0;

    private static bool IsOver(JsonObject status) => status["state"]?["terminated"] is not null;

    private static int ExitCode(JsonObject status) => (int)status["state"]!["terminated"]!["exitCode"]!;

    private static DateTimeOffset TimeAt(JsonObject state, string name) => DateTimeOffset.Parse(state.TextAt(name)!, CultureInfo.InvariantCulture);
}
