using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Core;

internal sealed class NodeRule : KindRule
{
    private static readonly string[] Info = ["machineID", "systemUUID", "bootID", "kernelVersion", "osImage", "containerRuntimeVersion", "kubeletVersion", "kubeProxyVersion", "operatingSystem", "architecture"];

    public override bool HasStatus => true;

    public override bool AcceptsStatusOnCreate => true;

    public override IReadOnlyList<SelectableField>? Fields { get; } = [new("spec.unschedulable", "false")];

    public override void Default(JsonObject o)
    {
        Align(o.ObjectAt("spec"));
        JsonObject status = o.ObjectAt("status");
        if (status.Child("capacity") is { } capacity)
        {
            status.Fill("allocatable", capacity.DeepClone());
        }

        status.ObjectAt("daemonEndpoints").ObjectAt("kubeletEndpoint").Fill("Port", 0);
        JsonObject info = status.ObjectAt("nodeInfo");
        foreach (string member in Info)
        {
            info.Fill(member, "");
        }
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        int i = 0;
        var seen = new HashSet<(string, string)>();
        foreach (JsonObject taint in o.ObjectAt("spec").Items("taints"))
        {
            string at = $"metadata.taints[{i++}]";
            faults.All(at + ".key", taint.Text("key"), Names.CheckQualifiedName(taint.Text("key")));
            faults.All(at + ".value", taint.Text("value"), Names.CheckLabelValue(taint.Text("value")));
            faults.OneOfOrRequired(at + ".effect", taint.Text("effect"), "NoSchedule", "PreferNoSchedule", "NoExecute");
            if (!seen.Add((taint.Text("key"), taint.Text("effect"))))
            {
                faults.Add(FieldError.Duplicate(at, taint.DeepClone()) with { Detail = "taints must be unique by key and effect pair" });
            }
        }

        string[] networks = [.. o.ObjectAt("spec").Texts("podCIDRs")];
        for (int n = 0; n < networks.Length; n++)
        {
            Addresses.ValidateCidr($"spec.podCIDRs[{n}]", networks[n], faults);
        }

        if (networks.Length > 1 && networks.All(Addresses.IsCidr) && (networks.Length > 2 || IsOfV6(networks[0]) == IsOfV6(networks[1])))
        {
            faults.Invalid("spec.podCIDRs", o.ObjectAt("spec")["podCIDRs"], "may specify no more than one CIDR for each IP family");
        }
    }

    private static bool IsOfV6(string network) => network.Contains(':', StringComparison.Ordinal);

    /// <summary>The one network is the first of all. Where the two differ, who knows the one alone has changed it (upstream's conversion of a NodeSpec).</summary>
    private static void Align(JsonObject spec)
    {
        string one = spec.Text("podCIDR"), first = spec.Texts("podCIDRs").FirstOrDefault() ?? "";
        if (one.Length > 0 && one != first)
        {
            spec["podCIDRs"] = new JsonArray(one);
        }
        else if (one.Length == 0 && first.Length > 0)
        {
            spec["podCIDR"] = first;
        }
    }

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec"), before = old.ObjectAt("spec");
        bool isProtected = before.Text("externalID") != spec.Text("externalID");
        if (before.Count("podCIDRs") > 0 && !JsonFields.Same(spec["podCIDRs"], before["podCIDRs"]))
        {
            faults.Forbidden("spec.podCIDRs", "node updates may not change podCIDR except from \"\" to valid");
            isProtected = true;
        }

        if (before.Text("providerID").Length > 0 && spec.Text("providerID") != before.Text("providerID"))
        {
            faults.Forbidden("spec.providerID", "node updates may not change providerID except from \"\" to valid");
            isProtected = true;
        }

        if (isProtected)
        {
            // Go prints a path of one empty step like this.
            faults.Forbidden("[]", "node updates may only change labels, taints, or capacity");
        }

        Validate(o, faults);
    }
}
