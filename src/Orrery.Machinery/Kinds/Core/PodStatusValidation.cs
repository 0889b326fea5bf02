using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Core;

/// <summary>What a pod's status may say (<c>pkg/apis/core/validation/validation.go</c>, ValidatePodStatusUpdate).</summary>
internal static class PodStatusValidation
{
    private static readonly string[] OfSystem = ["PodScheduled", "Ready", "Initialized"];

    public static void Validate(JsonObject o, JsonObject old, Faults faults)
    {
        JsonObject status = o.ObjectAt("status"), before = old.ObjectAt("status"), spec = old.ObjectAt("spec");
        PodAnnotations.ValidateUpdate(o.Metadata, old.Metadata, faults);
        int i = 0;
        foreach (string type in status.Items("conditions").Select(c => c.Text("type")))
        {
            if (!OfSystem.Contains(type))
            {
                // Upstream looks for them beneath the metadata, and says so.
                faults.All($"metadata.conditions[{i}].Type", type, Names.CheckQualifiedName(type));
            }

            i++;
        }

        if (status.Text("nominatedNodeName") is { Length: > 0 } node && node != before.Text("nominatedNodeName"))
        {
            faults.All("status.nominatedNodeName", node, Names.CheckDns1123Subdomain(node));
        }

        string restart = spec.Text("restartPolicy");
        ValidateTransitions(status, before, "containerStatuses", restart, [], faults);
        ValidateTransitions(status, before, "initContainerStatuses", restart, [.. spec.Items("initContainers").Where(c => c.Text("restartPolicy") == "Always").Select(c => c.Text("name"))], faults);
        ValidateTransitions(status, before, "ephemeralContainerStatuses", "Never", [], faults);
        ValidateAddresses(status, "podIPs", faults);
        if (status.Items("hostIPs").FirstOrDefault() is { } host && host.Text("ip") != status.Text("hostIP"))
        {
            faults.Invalid("status.hostIPs[0].ip", host.Text("ip"), "must be equal to `hostIP`");
        }

        ValidateAddresses(status, "hostIPs", faults);
    }

    /// <summary>What has ended for good does not run again.</summary>
    private static void ValidateTransitions(JsonObject status, JsonObject old, string list, string restart, string[] restarted, Faults faults)
    {
        if (restart == "Always")
        {
            return;
        }

        int i = 0;
        foreach (JsonObject was in old.Items(list))
        {
            JsonObject? ended = was.Child("state")?.Child("terminated");
            bool mayRunAgain = ended is null || (ended.Number("exitCode") is not (null or 0) && restart == "OnFailure") || restarted.Contains(was.Text("name"));
            if (!mayRunAgain && status.Items(list).Any(now => now.Text("name") == was.Text("name") && now.Child("state")?.Has("terminated") != true))
            {
                faults.Forbidden($"status.{list}[{i}].state", "may not be transitioned to non-terminated state");
            }

            i++;
        }
    }

    private static void ValidateAddresses(JsonObject status, string list, Faults faults)
    {
        string[] addresses = [.. status.Items(list).Select(a => a.Text("ip"))];
        for (int i = 0; i < addresses.Length; i++)
        {
            Addresses.ValidateIp($"status.{list}[{i}]", addresses[i], faults);
        }

        if (addresses.Length > 1 && (addresses.Length > 2 || Addresses.IsIpV6(addresses[0]) == Addresses.IsIpV6(addresses[1])))
        {
            faults.Invalid("status." + list, status[list], "may specify no more than one IP for each IP family");
        }

        for (int i = 1; i < addresses.Length; i++)
        {
            if (Array.IndexOf(addresses, addresses[i]) < i)
            {
                faults.Duplicate($"status.{list}[{i}]", new JsonObject { ["IP"] = addresses[i] });
            }
        }
    }
}
