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
        o.ObjectAt("spec");
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
        foreach (JsonObject taint in o.ObjectAt("spec").Items("taints"))
        {
            string at = $"metadata.taints[{i++}]";
            faults.All(at + ".key", taint.Text("key"), Names.CheckQualifiedName(taint.Text("key")));
            faults.All(at + ".value", taint.Text("value"), Names.CheckLabelValue(taint.Text("value")));
            faults.OneOfOrRequired(at + ".effect", taint.Text("effect"), "NoSchedule", "PreferNoSchedule", "NoExecute");
        }

        if (o.ObjectAt("spec").Text("podCIDR") is { Length: > 0 } cidr)
        {
            Addresses.ValidateCidr("spec.podCIDR", cidr, faults);
        }
    }
}
