using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Mirror;

namespace Orrery.Controllers.Status;

/// <summary>Merges the statuses of services, ingresses, claims, disruption budgets and bare pods.</summary>
internal static class ServingStatus
{
    /// <summary>Every address at which a data plane serves it.</summary>
    public static void LoadBalancer(JsonObject status, IReadOnlyList<PlaneReport> known)
    {
        var addresses = new JsonArray();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (PlaneReport report in known)
        {
            if (report.Part("loadBalancer") is { ValueKind: JsonValueKind.Object } balancer
                && balancer.TryGetProperty("ingress", out JsonElement ingress) && ingress.ValueKind == JsonValueKind.Array)
            {
                foreach (JsonElement address in ingress.EnumerateArray().Where(a => seen.Add(a.GetRawText())))
                {
                    addresses.Add(KubeJson.ToNode(address));
                }
            }
        }

        status["loadBalancer"] = addresses.Count == 0 ? new JsonObject() : new JsonObject { ["ingress"] = addresses };
    }

    public static void Claim(JsonObject status, IReadOnlyList<PlaneReport> known, ConditionMerge conditions)
    {
        string[] phases = [.. known.Select(r => r.Text("phase") ?? "Pending")];
        status["phase"] = phases.Contains("Lost") ? "Lost" : phases.Length > 0 && phases.All(p => p == "Bound") ? "Bound" : "Pending";
        if (known.FirstOrDefault(r => r.Part("capacity") is not null) is { } first)
        {
            status["capacity"] = KubeJson.ToNode(first.Part("capacity")!.Value);
            if (first.Part("accessModes") is { } modes)
            {
                status["accessModes"] = KubeJson.ToNode(modes);
            }
        }

        conditions.All(known);
    }

    public static void DisruptionBudget(JsonObject status, IReadOnlyList<PlaneReport> known, ConditionMerge conditions)
    {
        foreach (string field in (ReadOnlySpan<string>)["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"])
        {
            WorkloadStatus.Sum(status, known, field, always: true);
        }

        conditions.All(known);
    }

    /// <summary>
    /// What the one says that is furthest behind, as a status has room for one pod's; its addresses are those of the first, for which it stands. Of a pod whose data planes are all silent what was said
    /// last is shown, and that it is not known to hold.
    /// </summary>
    public static void Pod(JsonObject status, IReadOnlyList<PlaneReport> known, IReadOnlyList<PlaneReport> all, ConditionMerge conditions)
    {
        string[] order = ["Failed", "Unknown", "Pending", "Running", "Succeeded"];
        PlaneReport? silent = known.Count == 0 ? all.FirstOrDefault() : null;
        PlaneReport? behind = silent ?? known.OrderBy(r => Array.IndexOf(order, r.Text("phase") ?? "Pending")).FirstOrDefault();
        status["phase"] = behind?.Text("phase") ?? (known.Count == 0 ? "Unknown" : "Pending");
        foreach (string field in (ReadOnlySpan<string>)["reason", "message", "startTime", "qosClass"])
        {
            WorkloadStatus.Copy(status, behind, field);
        }

        Put(status, behind, "initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses");
        if (all is [var first, ..] && (first.IsReporting || first == silent))
        {
            Put(status, first, "hostIP", "hostIPs", "podIP", "podIPs");
        }

        conditions.All(known);
        TakenMachines.Hide(conditions.Result);
        if (silent is not null)
        {
            PodMirror.Silence(status, silent.Silence);
            conditions.Set("Ready", Conditions.Unknown, "DataPlaneSilent", silent.Silence);
        }
    }

    private static void Put(JsonObject status, PlaneReport? report, params ReadOnlySpan<string> fields)
    {
        foreach (string field in fields)
        {
            if (report?.Part(field) is { } value)
            {
                status[field] = KubeJson.ToNode(value);
            }
        }
    }
}
