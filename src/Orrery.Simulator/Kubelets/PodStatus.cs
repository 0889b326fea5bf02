using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Kubelets;

/// <summary>The statuses a kubelet reports as a pod goes through its life. Each starts from the status it finds.</summary>
internal static class PodStatus
{
    public static JsonObject Creating(KubeObject pod, string hostAddress, DateTimeOffset now)
    {
        JsonObject status = Begin(pod, "Pending");
        status["hostIP"] = hostAddress;
        status["hostIPs"] = new JsonArray((JsonNode)new JsonObject { ["ip"] = hostAddress });
        status["startTime"] = Conditions.Time(now);
        SetConditions(status, pod, started: false, ready: false, "ContainersNotReady", now);
        SetContainers(status, pod, c => Container(c, pod, new JsonObject { ["waiting"] = new JsonObject { ["reason"] = "ContainerCreating" } }, running: false));
        return status;
    }

    public static JsonObject ImageNotPulled(KubeObject pod, string container, string image, DateTimeOffset now)
    {
        JsonObject status = Begin(pod, "Pending");
        SetConditions(status, pod, started: true, ready: false, "ContainersNotReady", now);
        SetContainers(status, pod, c => Container(c, pod, new JsonObject
        {
            ["waiting"] = c == container
                ? new JsonObject { ["reason"] = "ImagePullBackOff", ["message"] = $"Back-off pulling image \"{image}\"" }
                : new JsonObject { ["reason"] = "ContainerCreating" },
        }, running: false));
        return status;
    }

    public static JsonObject Running(KubeObject pod, string address, DateTimeOffset now)
    {
        JsonObject status = Begin(pod, "Running");
        status["podIP"] = address;
        status["podIPs"] = new JsonArray((JsonNode)new JsonObject { ["ip"] = address });
        SetConditions(status, pod, started: true, ready: true, "", now);
        SetContainers(status, pod, c => Container(c, pod, new JsonObject { ["running"] = new JsonObject { ["startedAt"] = Conditions.Time(now) } }, running: true));
        return status;
    }

    /// <summary>What became of its containers as time passed.</summary>
    public static JsonObject Turned(KubeObject pod, ContainerTurns turns, DateTimeOffset now)
    {
        JsonObject status = Begin(pod, turns.Phase);
        string[] unready = [.. turns.Statuses.Where(s => !(bool)s["ready"]!).Select(s => s.TextAt("name")!)];
        string reason = turns.Phase == "Succeeded" ? "PodCompleted" : turns.Phase == "Failed" ? "PodFailed" : unready.Length > 0 ? "ContainersNotReady" : "";
        SetConditions(status, pod, started: turns.Phase == "Running", ready: unready.Length == 0, reason, now, unready);
        if (turns.Phase != "Running")
        {
            SetInitContainers(status, pod);
        }

        status["containerStatuses"] = new JsonArray([.. turns.Statuses.Select(s => s.DeepClone())]);
        return status;
    }

    /// <summary>What a running pod was given since: containers to debug it with run at once, and other resources are there at once.</summary>
    /// <returns>Null when nothing is new.</returns>
    public static JsonObject? Changed(KubeObject pod, DateTimeOffset now)
    {
        if (pod.NumberAt("metadata", "generation") is not { } generation || pod.NumberAt("status", "observedGeneration") == generation)
        {
            return null;
        }

        JsonObject status = Begin(pod, "Running");
        var beside = status["ephemeralContainerStatuses"] as JsonArray ?? [];
        foreach (string name in Names(pod, "ephemeralContainers").Except(beside.OfType<JsonObject>().Select(s => s.TextAt("name") ?? "")).ToList())
        {
            JsonObject made = Container(name, pod, new JsonObject { ["running"] = new JsonObject { ["startedAt"] = Conditions.Time(now) } }, running: true, list: "ephemeralContainers");
            made["ready"] = false;
            beside.Add((JsonNode)made);
        }

        if (beside.Count > 0)
        {
            status["ephemeralContainerStatuses"] = beside;
        }

        foreach (JsonObject container in (status["containerStatuses"] as JsonArray ?? []).OfType<JsonObject>())
        {
            JsonElement spec = pod.At("spec", "containers")!.Value.EnumerateArray().FirstOrDefault(c => c.GetProperty("name").GetString() == container.TextAt("name"));
            if (spec.ValueKind == JsonValueKind.Object && spec.TryGetProperty("resources", out JsonElement resources))
            {
                container["resources"] = KubeJson.ToNode(resources);
            }
        }

        return status;
    }

    private static JsonObject Begin(KubeObject pod, string phase)
    {
        JsonObject status = pod.CopyAt("status");
        status["phase"] = phase;
        if (pod.NumberAt("metadata", "generation") is { } generation)
        {
            status["observedGeneration"] = generation;
        }

        return status;
    }

    private static void SetConditions(JsonObject status, KubeObject pod, bool started, bool ready, string reason, DateTimeOffset now, IEnumerable<string>? unready = null)
    {
        string names = string.Join(' ', unready ?? Names(pod, "containers"));
        string message = ready || reason == "PodCompleted" ? "" : $"containers with unready status: [{names}]";
        bool pending = status.TextAt("phase") == "Pending" && !started;
        Conditions.Set(status, "PodReadyToStartContainers", started ? "True" : "False", "", "", now);
        Conditions.Set(status, "Initialized", pending && Names(pod, "initContainers").Any() ? "False" : "True", reason == "PodCompleted" ? reason : "", "", now);
        Conditions.Set(status, "Ready", ready ? "True" : "False", reason, message, now);
        Conditions.Set(status, "ContainersReady", ready ? "True" : "False", reason, message, now);
        Conditions.Set(status, "PodScheduled", "True", "", "", now);
        foreach (JsonObject condition in status["conditions"]!.AsArray().OfType<JsonObject>())
        {
            foreach (string name in (ReadOnlySpan<string>)["reason", "message"])
            {
                if (condition.TextAt(name) == "")
                {
                    condition.Remove(name);
                }
            }
        }
    }

    private static void SetContainers(JsonObject status, KubeObject pod, Func<string, JsonObject> make)
    {
        status["containerStatuses"] = new JsonArray([.. Names(pod, "containers").Select(c => (JsonNode)make(c))]);
        SetInitContainers(status, pod);
    }

    private static void SetInitContainers(JsonObject status, KubeObject pod)
    {
        string[] before = [.. Names(pod, "initContainers")];
        if (before.Length > 0)
        {
            bool pending = status.TextAt("phase") == "Pending";
            DateTimeOffset started = pod.TextAt("status", "startTime") is { } t ? DateTimeOffset.Parse(t, System.Globalization.CultureInfo.InvariantCulture) : DateTimeOffset.UnixEpoch;
            string[] beside = status.TextAt("phase") == "Running" ? [.. Sidecars(pod)] : [];
            status["initContainerStatuses"] = new JsonArray([.. before.Select(c => (JsonNode)Container(
                c,
                pod,
                pending ? new JsonObject { ["waiting"] = new JsonObject { ["reason"] = "PodInitializing" } }
                    : beside.Contains(c) ? new JsonObject { ["running"] = new JsonObject { ["startedAt"] = Conditions.Time(started) } } : Terminated(0, started, started, ContainerId(pod, c, 0)),
                running: beside.Contains(c),
                list: "initContainers",
                done: !pending))]);
        }
    }

    private static JsonObject Container(
        string name, KubeObject pod, JsonObject state, bool running, string list = "containers", bool done = false)
    {
        string image = pod.At("spec", list)!.Value.EnumerateArray().First(c => c.GetProperty("name").GetString() == name)
            .TryGetProperty("image", out JsonElement i) ? i.GetString() ?? "" : "";
        bool pulled = running || done || state["terminated"] is not null;
        var status = new JsonObject
        {
            ["name"] = name,
            ["image"] = image,
            ["imageID"] = pulled ? $"{image}@sha256:{Digest(image)}" : "",
            ["lastState"] = new JsonObject(),
            ["ready"] = running || done,
            ["restartCount"] = 0,
            ["started"] = running,
            ["state"] = state,
        };
        if (pulled)
        {
            status["containerID"] = ContainerId(pod, name, 0);
        }

        return status;
    }

    public static JsonObject Terminated(int exitCode, DateTimeOffset started, DateTimeOffset now, string? id) => new()
    {
        ["terminated"] = new JsonObject
        {
            ["exitCode"] = exitCode,
            ["reason"] = exitCode == 0 ? "Completed" : "Error",
            ["startedAt"] = Conditions.Time(started),
            ["finishedAt"] = Conditions.Time(now),
            ["containerID"] = id,
        },
    };

    /// <summary>Names one run of a container, by how many there were before.</summary>
    public static string ContainerId(KubeObject pod, string name, int restarts) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"simulated://{pod.Uid}/{name}/{restarts}");

    private static IEnumerable<string> Names(KubeObject pod, string list) =>
        pod.At("spec", list) is { ValueKind: JsonValueKind.Array } all ? all.EnumerateArray().Select(c => c.GetProperty("name").GetString()!) : [];

    /// <summary>Init containers that go on beside the others (KEP-753).</summary>
    private static IEnumerable<string> Sidecars(KubeObject pod) => pod.At("spec", "initContainers") is { ValueKind: JsonValueKind.Array } all
        ? all.EnumerateArray().Where(c => c.TryGetProperty("restartPolicy", out JsonElement policy) && policy.ValueEquals("Always")).Select(c => c.GetProperty("name").GetString()!)
        : [];

    private static string Digest(string image) =>
        Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(image)));
}
