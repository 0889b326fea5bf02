using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Workloads;

/// <summary>What a Deployment says of its rollout.</summary>
internal static class DeploymentStatus
{
    /// <param name="made">The current ReplicaSet was made just now.</param>
    /// <returns>The status, and when the rollout's progress deadline is, while it is under way.</returns>
    public static (JsonObject Status, DateTimeOffset? Deadline) Of(
        KubeObject deployment, KubeObject? current, IReadOnlyList<KubeObject> sets, bool made, DateTimeOffset now)
    {
        int wanted = deployment.IntAt(1, "spec", "replicas");
        JsonObject status = deployment.CopyAt("status");
        var before = (Replicas: status.NumberAt("replicas"), Updated: status.NumberAt("updatedReplicas"), Available: status.NumberAt("availableReplicas"));

        // 1. counts
        int total = Sum(sets, "replicas");
        int updated = current?.IntAt(0, "status", "replicas") ?? 0;
        int available = Sum(sets, "availableReplicas");
        status["observedGeneration"] = deployment.Generation;
        ReplicaSetController.Count(status, "replicas", total);
        ReplicaSetController.Count(status, "updatedReplicas", updated);
        ReplicaSetController.Count(status, "readyReplicas", Sum(sets, "readyReplicas"));
        ReplicaSetController.Count(status, "availableReplicas", available);
        ReplicaSetController.Count(status, "unavailableReplicas", Math.Max(0, sets.Sum(s => s.IntAt(0, "spec", "replicas")) - available));

        // 2. Available
        int maxUnavailable = deployment.TextAt("spec", "strategy", "type") == "Recreate"
            ? 0
            : ObjectViews.Resolve(deployment.At("spec", "strategy", "rollingUpdate", "maxUnavailable"), 0, wanted, roundUp: false);
        bool enough = available >= wanted - maxUnavailable;
        Set(status, "Available", enough ? "True" : "False",
            enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
            enough ? "Deployment has minimum availability." : "Deployment does not have minimum availability.", now, touch: false);

        // 3. ReplicaFailure: of the current ReplicaSet first
        if (sets.OrderByDescending(s => s.Uid == current?.Uid).Select(s => Conditions.Find(s, "ReplicaFailure")).FirstOrDefault(c => c is { Status: "True" }) is { } failure)
        {
            Set(status, "ReplicaFailure", failure.Status, failure.Reason, failure.Message, now, touch: false);
        }
        else
        {
            Conditions.Remove(status, "ReplicaFailure");
        }

        // 4. Progressing
        bool complete = current is not null && updated == wanted && total == wanted && available == wanted;
        bool moved = before != (status.NumberAt("replicas"), status.NumberAt("updatedReplicas"), status.NumberAt("availableReplicas"));
        return (status, current is null ? null : Progress(deployment, current, status, complete, made, moved, now));
    }

    private static DateTimeOffset? Progress(
        KubeObject deployment, KubeObject current, JsonObject status, bool complete, bool made, bool moved, DateTimeOffset now)
    {
        if (complete)
        {
            Set(status, "Progressing", "True", "NewReplicaSetAvailable", $"ReplicaSet \"{current.Name}\" has successfully progressed.", now, touch: false);
            return null;
        }

        ConditionState? last = Conditions.Find(deployment, "Progressing");
        if (made)
        {
            Set(status, "Progressing", "True", "NewReplicaSetCreated", $"Created new replica set \"{current.Name}\"", now, touch: true);
        }
        else if (moved || last is null || last.Reason == "NewReplicaSetAvailable")
        {
            Set(status, "Progressing", "True", "ReplicaSetUpdated", $"ReplicaSet \"{current.Name}\" is progressing.", now, touch: true);
        }

        var limit = TimeSpan.FromSeconds(deployment.IntAt(600, "spec", "progressDeadlineSeconds"));
        DateTimeOffset since = status["conditions"]!.AsArray().OfType<JsonObject>().First(c => c.TextAt("type") == "Progressing").TextAt("lastUpdateTime") is { } text
            ? DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture)
            : now;
        if (now < since + limit)
        {
            return since + limit;
        }

        Set(status, "Progressing", "False", "ProgressDeadlineExceeded", $"ReplicaSet \"{current.Name}\" has timed out progressing.", now, touch: false);
        return null;
    }

    private static void Set(JsonObject status, string type, string state, string reason, string message, DateTimeOffset now, bool touch)
    {
        if (Conditions.Set(status, type, state, reason, message, now) || touch)
        {
            status["conditions"]!.AsArray().OfType<JsonObject>().First(c => c.TextAt("type") == type)["lastUpdateTime"] = Conditions.Time(now);
        }
    }

    private static int Sum(IReadOnlyList<KubeObject> sets, string field) => sets.Sum(s => s.IntAt(0, "status", field));
}
