using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Controllers.Placement;

/// <summary>Fields, a kind each, that an API server or a controller sets for the one cluster that it serves.</summary>
internal static class ClusterFields
{
    private const string InjectedVolume = "kube-api-access-";

    public static void Remove(JsonObject manifest)
    {
        if (manifest["spec"] is not JsonObject spec)
        {
            if (manifest.Kind == "ServiceAccount")
            {
                // Token secrets by name: each cluster makes its own.
                manifest.Remove("secrets");
            }

            // Nodes, zones and pods of the virtual cluster are none of the data plane's.
            foreach (JsonObject endpoint in Endpoints(manifest))
            {
                foreach (string member in (ReadOnlySpan<string>)["targetRef", "nodeName", "zone", "hints"])
                {
                    endpoint.Remove(member);
                }
            }

            return;
        }

        switch (manifest.Kind)
        {
            case "Service":
                RemoveAllocations(spec);
                break;
            case "Pod":
                RemoveScheduling(spec);
                break;
            case "Job":
                RemoveGeneratedSelector(spec);
                break;
            case "PersistentVolumeClaim":
                spec.Remove("volumeName");
                break;
            case "ResourceQuota":
                PlacedQuota.Keep(spec);
                break;
        }
    }

    private static IEnumerable<JsonObject> Endpoints(JsonObject manifest) => manifest.Kind switch
    {
        "EndpointSlice" => (manifest["endpoints"] as JsonArray ?? []).OfType<JsonObject>(),
        "Endpoints" => (manifest["subsets"] as JsonArray ?? []).OfType<JsonObject>()
            .SelectMany(s => (s["addresses"] as JsonArray ?? []).Concat(s["notReadyAddresses"] as JsonArray ?? [])).OfType<JsonObject>(),
        _ => [],
    };

    /// <summary>Addresses and ports are allocated by each data plane. A headless service stays headless.</summary>
    private static void RemoveAllocations(JsonObject spec)
    {
        if (spec.TextAt("clusterIP") != "None")
        {
            spec.Remove("clusterIP");
        }

        spec.Remove("clusterIPs");
        spec.Remove("healthCheckNodePort");
        RemoveFamilies(spec);

        foreach (JsonObject port in (spec["ports"] as JsonArray ?? []).OfType<JsonObject>())
        {
            port.Remove("nodePort");
        }
    }

    /// <summary>Families of IPv4 first, and a policy, that a Service has by itself are left to each data plane: what is of one family there has no other.</summary>
    private static void RemoveFamilies(JsonObject spec)
    {
        if ((spec["ipFamilies"] as JsonArray)?.FirstOrDefault()?.GetValue<string>() is "IPv6")
        {
            return;
        }

        spec.Remove("ipFamilies");
        bool isFree = spec.TextAt("clusterIP") == "None" && spec["selector"] is not JsonObject { Count: > 0 };
        if (spec.TextAt("ipFamilyPolicy") == (isFree ? "RequireDualStack" : "SingleStack"))
        {
            spec.Remove("ipFamilyPolicy");
        }
    }

    private static void RemoveScheduling(JsonObject spec)
    {
        spec.Remove("nodeName");

        // They are added to the pod that runs, as a new one would not be the one to debug.
        spec.Remove("ephemeralContainers");

        // Admission computes the number from the class, which is a data plane's own.
        spec.Remove("priority");
        RemoveNamed(spec["volumes"] as JsonArray);
        foreach (string list in (ReadOnlySpan<string>)["containers", "initContainers"])
        {
            foreach (JsonObject container in (spec[list] as JsonArray ?? []).OfType<JsonObject>())
            {
                RemoveNamed(container["volumeMounts"] as JsonArray);
            }
        }
    }

    private static void RemoveNamed(JsonArray? items)
    {
        foreach (JsonNode? item in items?.Where(i => (i as JsonObject)?.TextAt("name")?.StartsWith(InjectedVolume, StringComparison.Ordinal) == true).ToList() ?? [])
        {
            items!.Remove(item);
        }
    }

    /// <summary>Unless the user set <c>manualSelector</c>, the API server generates selector and labels from the job's uid.</summary>
    private static void RemoveGeneratedSelector(JsonObject spec)
    {
        if (spec.FlagAt("manualSelector") == true)
        {
            return;
        }

        spec.Remove("selector");
        if (spec.NodeAt("template", "metadata", "labels") is JsonObject labels)
        {
            labels.Remove("controller-uid");
            labels.Remove("job-name");
            labels.Remove("batch.kubernetes.io/controller-uid");
            labels.Remove("batch.kubernetes.io/job-name");
        }
    }
}
