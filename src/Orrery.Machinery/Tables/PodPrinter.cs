using System.Globalization;
using System.Text.Json;
using Orrery.Api;

namespace Orrery.Machinery.Tables;

/// <summary>Pods: one word for a state that is spread over phase, conditions and containers (printers.go, printPod).</summary>
internal static class PodPrinter
{
    public static readonly TablePrinter Instance = new(
        [
            Columns.Name,
            Columns.Text("Ready", "How many containers are ready, of all."),
            Columns.Text("Status", "State of the pod as a whole."),
            Columns.Text("Restarts", "How often containers were restarted, and when last."),
            Columns.Age,
            Columns.Wide("IP", "Address of the pod."),
            Columns.Wide("Node", "Node that the pod runs on."),
            Columns.Wide("Nominated Node", "Node on which room is being made for the pod."),
            Columns.Wide("Readiness Gates", "How many further conditions hold, of all that are asked for."),
        ],
        Print)
    {
        Condition = static o => o.TextAt("status", "phase") switch
        {
            "Succeeded" => new RowCondition("Succeeded", "The pod has completed successfully."),
            "Failed" => new RowCondition("Failed", "The pod failed."),
            _ => null,
        },
    };

    private static void Print(KubeObject o, Cells cells)
    {
        PodState state = Read(o);
        cells.Text(o.Name);
        cells.Text(string.Create(CultureInfo.InvariantCulture, $"{state.Ready}/{state.Total}"));
        cells.Text(state.Reason);
        string restarts = state.Restarts.ToString(CultureInfo.InvariantCulture);
        cells.Text(state is { Restarts: > 0, LastRestart: { } last } ? $"{restarts} ({cells.SinceText(last)} ago)" : restarts);
        cells.Since(o.CreationTimestamp);
        cells.TextOr(o.Items("status", "podIPs").Select(i => i.Text("ip")).FirstOrDefault(i => i.Length > 0) ?? o.TextAt("status", "podIP"), Formats.None);
        cells.TextOr(o.TextAt("spec", "nodeName"), Formats.None);
        cells.TextOr(o.TextAt("status", "nominatedNodeName"), Formats.None);
        cells.Text(Gates(o));
    }

    private static PodState Read(KubeObject o)
    {
        string phase = o.TextAt("status", "phase") ?? "";
        var state = new PodState { Reason = o.TextAt("status", "reason") is { Length: > 0 } reason ? reason : phase };
        if (o.Items("status", "conditions").Any(c => c.Text("type") == "PodScheduled" && c.Text("reason") == "SchedulingGated"))
        {
            state.Reason = "SchedulingGated";
        }

        // 1. init containers; those that restart always count as containers (sidecars)
        HashSet<string> sidecars = [.. o.Items("spec", "initContainers").Where(c => c.Text("restartPolicy") == "Always").Select(c => c.Text("name"))];
        state.Total = o.Items("spec", "containers").Count() + sidecars.Count;
        PodState beforeStart = state with { };
        bool initializing = ReadInitContainers(o, sidecars, beforeStart, state);

        // 2. containers
        if (initializing && o.Condition("Initialized") != "True")
        {
            state = beforeStart;
        }
        else
        {
            state.Reason = initializing ? beforeStart.Reason : state.Reason;
            ReadContainers(o, state);
        }

        // 3. deletion
        if (o.IsDeleting && o.TextAt("status", "reason") == "NodeLost")
        {
            state.Reason = "Unknown";
        }
        else if (o.IsDeleting && phase is not ("Succeeded" or "Failed"))
        {
            state.Reason = "Terminating";
        }

        return state;
    }

    /// <param name="all">Counts every init container: what is shown while the pod initializes.</param>
    /// <param name="later">Counts sidecars alone: what is shown after.</param>
    /// <returns>Whether an init container is still to finish.</returns>
    private static bool ReadInitContainers(KubeObject o, HashSet<string> sidecars, PodState all, PodState later)
    {
        int i = 0;
        foreach (JsonElement status in o.Items("status", "initContainerStatuses"))
        {
            bool isSidecar = sidecars.Contains(status.Text("name"));
            all.CountRestarts(status);
            if (isSidecar)
            {
                later.CountRestarts(status);
            }

            JsonElement? terminated = status.Member("state")?.Member("terminated");
            JsonElement? waiting = status.Member("state")?.Member("waiting");
            if (terminated is { } done && done.Number("exitCode") == 0)
            {
                i++;
                continue;
            }

            if (isSidecar && status.Flag("started"))
            {
                int ready = status.Flag("ready") ? 1 : 0;
                all.Ready += ready;
                later.Ready += ready;
                i++;
                continue;
            }

            all.Reason = terminated is { } failed ? "Init:" + Ended(failed)
                : waiting?.Text("reason") is { Length: > 0 } why and not "PodInitializing" ? "Init:" + why
                : string.Create(CultureInfo.InvariantCulture, $"Init:{i}/{o.Items("spec", "initContainers").Count()}");
            return true;
        }

        return false;
    }

    private static void ReadContainers(KubeObject o, PodState state)
    {
        bool running = false;
        foreach (JsonElement status in o.Items("status", "containerStatuses").Reverse())
        {
            state.CountRestarts(status);
            JsonElement? now = status.Member("state");
            if (now?.Member("waiting")?.Text("reason") is { Length: > 0 } waits)
            {
                state.Reason = waits;
            }
            else if (now?.Member("terminated") is { } terminated)
            {
                state.Reason = Ended(terminated);
            }
            else if (status.Flag("ready") && now?.Member("running") is not null)
            {
                running = true;
                state.Ready++;
            }
        }

        // One container that ended does not end a pod of which another runs.
        if (state.Reason == "Completed" && running)
        {
            state.Reason = o.Condition("Ready") == "True" ? "Running" : "NotReady";
        }
    }

    private static string Ended(JsonElement terminated) =>
        terminated.Text("reason") is { Length: > 0 } reason ? reason
        : terminated.Number("signal") is var signal and not 0 ? string.Create(CultureInfo.InvariantCulture, $"Signal:{signal}")
        : string.Create(CultureInfo.InvariantCulture, $"ExitCode:{terminated.Number("exitCode")}");

    private static string Gates(KubeObject o)
    {
        string[] gates = [.. o.Items("spec", "readinessGates").Select(g => g.Text("conditionType"))];
        return gates.Length == 0 ? Formats.None : string.Create(CultureInfo.InvariantCulture, $"{gates.Count(g => o.Condition(g) == "True")}/{gates.Length}");
    }

    private sealed record PodState
    {
        public int Ready { get; set; }

        public int Total { get; set; }

        public string Reason { get; set; } = "";

        public long Restarts { get; private set; }

        public DateTimeOffset? LastRestart { get; private set; }

        public void CountRestarts(JsonElement status)
        {
            Restarts += status.Number("restartCount");
            if (status.Member("lastState")?.Member("terminated")?.Time("finishedAt") is { } ended && (LastRestart is null || ended > LastRestart))
            {
                LastRestart = ended;
            }
        }
    }
}
