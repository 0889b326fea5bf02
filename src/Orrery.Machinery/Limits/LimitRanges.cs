using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;
using Orrery.Machinery.Quotas;

namespace Orrery.Machinery.Limits;

/// <summary>What a LimitRange gives to pods, and asks of pods and claims. Upstream: <c>plugin/pkg/admission/limitranger</c>.</summary>
public static class LimitRanges
{
    private const string Annotation = "kubernetes.io/limit-ranger";

    /// <summary>Gives containers the amounts that they do not state, and notes that on the pod.</summary>
    public static void Complete(JsonObject limitRange, JsonObject pod)
    {
        ResourceList limits = Defaults(limitRange, "default");
        ResourceList requests = Defaults(limitRange, "defaultRequest");
        if (limits.Count + requests.Count == 0)
        {
            return;
        }

        var notes = new List<string>();
        JsonObject spec = pod.ObjectAt("spec");
        foreach ((string list, string what) in new[] { ("containers", "container"), ("initContainers", "init container") })
        {
            foreach (JsonObject container in spec.Items(list))
            {
                int at = notes.Count;
                Complete(container, "limits", limits, $"limit for {what}", notes, at);
                Complete(container, "requests", requests, $"request for {what}", notes, at);
            }
        }

        if (notes.Count > 0)
        {
            pod.Metadata.ObjectAt("annotations")[Annotation] = $"LimitRanger plugin set: {string.Join("; ", notes)}";
        }
    }

    /// <summary>Everything that a pod does beyond its bounds.</summary>
    public static IReadOnlyList<string> PodFaults(JsonObject limitRange, JsonObject pod)
    {
        var faults = new List<string>();
        JsonObject spec = pod.ObjectAt("spec");
        foreach (JsonObject limit in limitRange.ObjectAt("spec").Items("limits"))
        {
            switch (limit.Text("type"))
            {
                case "Container":
                    foreach (JsonObject container in spec.Items("containers").Concat(spec.Items("initContainers")))
                    {
                        Check(limit, PodAmounts.Of(container, "requests"), PodAmounts.Of(container, "limits"), faults);
                    }

                    break;
                case "Pod":
                    Check(limit, PodAmounts.Requests(spec), PodAmounts.Limits(spec), faults);
                    break;
            }
        }

        return faults;
    }

    /// <summary>Everything that a claim does beyond its bounds.</summary>
    public static IReadOnlyList<string> ClaimFaults(JsonObject limitRange, JsonObject claim)
    {
        const string Type = "PersistentVolumeClaim";
        var faults = new List<string>();
        ResourceList requests = ResourceList.Read(claim.ObjectAt("spec").Child("resources")?["requests"]);
        foreach (JsonObject limit in limitRange.ObjectAt("spec").Items("limits").Where(l => l.Text("type") == Type))
        {
            foreach ((string name, Quantity min) in ResourceList.Read(limit["min"]))
            {
                faults.AddRange(Below(Type, name, min, requests, []));
            }

            foreach ((string name, Quantity max) in ResourceList.Read(limit["max"]))
            {
                if (!requests.TryGetValue(name, out Quantity request))
                {
                    faults.Add($"maximum {name} usage per {Type} is {max}.  No request is specified");
                }
                else if (request > max)
                {
                    faults.Add($"maximum {name} usage per {Type} is {max}, but request is {request}");
                }
            }
        }

        return faults;
    }

    private static ResourceList Defaults(JsonObject limitRange, string member)
    {
        var found = new ResourceList();
        foreach (JsonObject limit in limitRange.ObjectAt("spec").Items("limits").Where(l => l.Text("type") == "Container"))
        {
            foreach ((string name, Quantity amount) in ResourceList.Read(limit[member]))
            {
                found[name] = amount;
            }
        }

        return found;
    }

    private static void Complete(JsonObject container, string member, ResourceList defaults, string what, List<string> notes, int at)
    {
        JsonObject resources = container.ObjectAt("resources");
        string[] missing = [.. defaults.Keys.Where(name => resources.Child(member)?.Has(name) != true)];
        foreach (string name in missing)
        {
            resources.ObjectAt(member)[name] = defaults[name].ToString();
        }

        if (missing.Length > 0)
        {
            notes.Insert(at, $"{string.Join(", ", missing)} {what} {container.Text("name")}");
        }
    }

    private static void Check(JsonObject limit, ResourceList requests, ResourceList limits, List<string> faults)
    {
        string type = limit.Text("type");
        foreach ((string name, Quantity min) in ResourceList.Read(limit["min"]))
        {
            faults.AddRange(Below(type, name, min, requests, limits));
        }

        foreach ((string name, Quantity max) in ResourceList.Read(limit["max"]))
        {
            faults.AddRange(Above(type, name, max, requests, limits));
        }

        foreach ((string name, Quantity ratio) in ResourceList.Read(limit["maxLimitRequestRatio"]))
        {
            faults.AddRange(Stretched(type, name, ratio, requests, limits));
        }
    }

    private static IEnumerable<string> Below(string type, string name, Quantity min, ResourceList requests, ResourceList limits)
    {
        string rule = $"minimum {name} usage per {type} is {min}";
        if (!requests.TryGetValue(name, out Quantity request))
        {
            yield return $"{rule}.  No request is specified";
        }
        else if (request < min)
        {
            yield return $"{rule}, but request is {request}";
        }
        else if (limits.TryGetValue(name, out Quantity limit) && limit < min)
        {
            yield return $"{rule}, but limit is {limit}";
        }
    }

    private static IEnumerable<string> Above(string type, string name, Quantity max, ResourceList requests, ResourceList limits)
    {
        string rule = $"maximum {name} usage per {type} is {max}";
        if (!limits.TryGetValue(name, out Quantity limit))
        {
            yield return $"{rule}.  No limit is specified";
        }
        else if (limit > max)
        {
            yield return $"{rule}, but limit is {limit}";
        }
        else if (requests.TryGetValue(name, out Quantity request) && request > max)
        {
            yield return $"{rule}, but request is {request}";
        }
    }

    private static IEnumerable<string> Stretched(string type, string name, Quantity max, ResourceList requests, ResourceList limits)
    {
        string rule = $"{name} max limit to request ratio per {type} is {max}";
        if (!requests.TryGetValue(name, out Quantity request) || request.Sign == 0)
        {
            yield return $"{rule}, but no request is specified or request is 0";
        }
        else if (!limits.TryGetValue(name, out Quantity limit) || limit.Sign == 0)
        {
            yield return $"{rule}, but no limit is specified or limit is 0";
        }
        else
        {
            double ratio = (double)limit.MilliValue / request.MilliValue;
            if (ratio * 1000 > max.MilliValue)
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"{rule}, but provided ratio is {ratio:F6}");
            }
        }
    }
}
