using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Satellite.Tenancies;

/// <summary>
/// Gives a manifest the shape that its tenant must have in this data plane: on its own machines, off those of others, and scaled to nothing
/// while it is suspended. Done here and not in the Work, so that nothing that writes Works can leave it out. Pure.
/// </summary>
internal static class WorkShape
{
    /// <summary>No node carries it: what selects it runs nowhere.</summary>
    public const string NowhereLabel = "orrery.dev/suspended";

    private const string SystemClasses = "system-";

    private static readonly string[] Scheduling = ["nodeSelector", "tolerations", "affinity"];

    /// <param name="manifest">Changed in place.</param>
    /// <param name="live">The object as it is; null when there is none. What cannot change in place keeps what it has.</param>
    public static void Apply(JsonObject manifest, Tenancy tenancy, KubeObject? live)
    {
        if (manifest is { Kind: "Service", ApiVersion: "v1" })
        {
            // Every node would send what is meant for such an address to the tenant's pods, whoever's address it is (CVE-2020-8554).
            (manifest["spec"] as JsonObject)?.Remove("externalIPs");
        }

        if (PodSpec(manifest) is not { } pod)
        {
            return;
        }

        // 1. Where its pods run. A name of a node would pass over every taint.
        pod.Remove("nodeName");
        if (pod.TextAt("priorityClassName")?.StartsWith(SystemClasses, StringComparison.Ordinal) == true)
        {
            // Every cluster has these classes, in any namespace: pods of them drive those of all others off their nodes.
            pod.Remove("priorityClassName");
        }

        Toleration[] own = Own(pod, tenancy.Tenant);
        if (tenancy.Machines is { } machines)
        {
            Prefer(pod, tenancy.Tenant, machines, own);
        }
        else if (own.Any(t => t.TakesAll))
        {
            KeepOff(pod.ObjectAt("affinity").ObjectAt("nodeAffinity"), null);
        }

        if (live is { } present && manifest.Kind is "Pod" or "Job")
        {
            Keep(manifest, present);
        }

        // 2. Whether any run.
        if (tenancy.Suspended)
        {
            Suspend(manifest, pod);
        }
    }

    /// <summary>The part that says what pods are like; null for what makes none.</summary>
    public static JsonObject? PodSpec(JsonObject manifest) => manifest.Kind switch
    {
        "Deployment" or "StatefulSet" or "ReplicaSet" or "DaemonSet" or "Job" or "ReplicationController" => manifest.NodeAt("spec", "template", "spec") as JsonObject,
        "CronJob" => manifest.NodeAt("spec", "jobTemplate", "spec", "template", "spec") as JsonObject,
        "Pod" => manifest["spec"] as JsonObject,
        _ => null,
    };

    private static void Suspend(JsonObject manifest, JsonObject pod)
    {
        JsonObject spec = manifest["spec"]!.AsObject();
        switch (manifest.Kind)
        {
            case "Deployment" or "ReplicaSet" or "ReplicationController":
                spec["replicas"] = 0;
                break;
            case "StatefulSet":
                spec["replicas"] = 0;

                // Its claims are to be there when it comes back.
                if (spec["persistentVolumeClaimRetentionPolicy"] is JsonObject retention)
                {
                    retention["whenScaled"] = "Retain";
                }

                break;
            case "DaemonSet":
                pod.ObjectAt("nodeSelector")[NowhereLabel] = "true";
                break;
            case "Job" or "CronJob":
                spec["suspend"] = true;
                break;
        }
    }

    /// <summary>The pod's tolerations, those left out that would let it onto another tenant's machines.</summary>
    private static Toleration[] Own(JsonObject pod, string tenant)
    {
        if (pod["tolerations"] is not JsonArray list)
        {
            return [];
        }

        JsonNode?[] foreign = [.. list.Where(t => t is JsonObject o && o.TextAt("key") == OrreryNames.TenantLabel && !(o.TextAt("operator") is null or "Equal" && o.TextAt("value") == tenant))];
        foreach (JsonNode? toleration in foreign)
        {
            list.Remove(toleration);
        }

        return [.. list.OfType<JsonObject>().Select(o => new Toleration(o.TextAt("key") ?? "", o.TextAt("operator") ?? "Equal"))];
    }

    private static void Prefer(JsonObject pod, string tenant, TenancyMachines machines, Toleration[] own)
    {
        var tolerations = pod["tolerations"] as JsonArray ?? [];
        JsonObject ofOurs = new() { ["key"] = OrreryNames.TenantLabel, ["operator"] = "Equal", ["value"] = tenant };
        foreach (JsonObject wanted in machines.Tolerations.OfType<JsonObject>().Append(ofOurs))
        {
            if (!tolerations.Any(t => JsonNode.DeepEquals(t, wanted)))
            {
                tolerations.Add(wanted.DeepClone());
            }
        }

        pod["tolerations"] = tolerations;
        if (machines.Strict)
        {
            pod.ObjectAt("nodeSelector")[OrreryNames.TenantLabel] = tenant;
            return;
        }

        JsonObject affinity = pod.ObjectAt("affinity").ObjectAt("nodeAffinity");
        var preferred = affinity["preferredDuringSchedulingIgnoredDuringExecution"] as JsonArray ?? [];
        preferred.Add((JsonNode)new JsonObject { ["weight"] = 100, ["preference"] = Term(OrreryNames.TenantLabel, "In", tenant) });
        affinity["preferredDuringSchedulingIgnoredDuringExecution"] = preferred;
        if (own.Any(t => t.TakesAll))
        {
            KeepOff(affinity, tenant);
        }
    }

    /// <summary>Tolerating everything is no leave to run on a machine that is somebody else's.</summary>
    /// <param name="tenant">Whose machines are not somebody else's; null when it has none.</param>
    private static void KeepOff(JsonObject nodeAffinity, string? tenant)
    {
        JsonObject required = nodeAffinity.ObjectAt("requiredDuringSchedulingIgnoredDuringExecution");
        JsonArray terms = required["nodeSelectorTerms"] as JsonArray ?? [];
        if (terms.Count == 0)
        {
            terms.Add((JsonNode)new JsonObject());
        }

        // Terms are alternatives: each is narrowed to machines of nobody, and stands once more for the tenant's own.
        foreach (JsonObject term in terms.OfType<JsonObject>().ToList())
        {
            JsonObject? mine = tenant is null ? null : term.DeepClone().AsObject();
            List(term).Add((JsonNode)Expression(OrreryNames.TenantLabel, "DoesNotExist"));
            if (mine is not null)
            {
                List(mine).Add((JsonNode)Expression(OrreryNames.TenantLabel, "In", tenant!));
                terms.Add((JsonNode)mine);
            }
        }

        required["nodeSelectorTerms"] = terms;
    }

    private static JsonArray List(JsonObject term)
    {
        if (term["matchExpressions"] is not JsonArray list)
        {
            term["matchExpressions"] = list = [];
        }

        return list;
    }

    private static JsonObject Term(string key, string @operator, params ReadOnlySpan<string> values) =>
        new() { ["matchExpressions"] = new JsonArray((JsonNode)Expression(key, @operator, values)) };

    private static JsonObject Expression(string key, string @operator, params ReadOnlySpan<string> values)
    {
        var json = new JsonObject { ["key"] = key, ["operator"] = @operator };
        if (values.Length > 0)
        {
            json["values"] = new JsonArray([.. values.ToArray().Select(v => (JsonNode)v)]);
        }

        return json;
    }

    /// <summary>Pods, and the pods of a Job, cannot be moved by changing them: what is running stays as it was placed.</summary>
    private static void Keep(JsonObject manifest, KubeObject live)
    {
        JsonObject present = live.ToJsonObject();
        if (PodSpec(manifest) is not { } wanted || PodSpec(present) is not { } placed)
        {
            return;
        }

        foreach (string part in Scheduling)
        {
            if (placed[part] is { } value)
            {
                wanted[part] = value.DeepClone();
            }
            else
            {
                wanted.Remove(part);
            }
        }
    }

    private readonly record struct Toleration(string Key, string Operator)
    {
        public bool TakesAll => Key.Length == 0 && Operator == "Exists";
    }
}
