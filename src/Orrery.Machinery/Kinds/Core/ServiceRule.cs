using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Core;

internal sealed class ServiceRule : KindRule
{
    public override bool CreatesOnUpdate => true;

    public override bool HasStatus => true;

    public override IReadOnlyList<SelectableField>? Fields { get; } = SelectableField.Of("spec.clusterIP", "spec.type");

    public override IReadOnlyList<string> CheckName(string name) => Names.CheckDns1123Label(name);

    public override void Default(JsonObject o)
    {
        JsonObject spec = o.ObjectAt("spec");
        spec.FillText("sessionAffinity", "None");
        if (spec.Text("sessionAffinity") == "None")
        {
            spec.Remove("sessionAffinityConfig");
        }
        else if (spec.Text("sessionAffinity") == "ClientIP")
        {
            spec.ObjectAt("sessionAffinityConfig").ObjectAt("clientIP").Fill("timeoutSeconds", 10800);
        }

        spec.FillText("type", "ClusterIP");
        foreach (JsonObject port in spec.Items("ports"))
        {
            port.FillText("protocol", "TCP");
            if (port["targetPort"] is null || port.Number("targetPort") == 0 || (port["targetPort"].IsText && port.Text("targetPort").Length == 0))
            {
                port["targetPort"] = port["port"]?.DeepClone() ?? 0;
            }
        }

        string type = spec.Text("type");
        if (type is "NodePort" or "LoadBalancer")
        {
            spec.FillText("externalTrafficPolicy", "Cluster");
        }

        if (type is "NodePort" or "LoadBalancer" or "ClusterIP")
        {
            spec.FillText("internalTrafficPolicy", "Cluster");
        }

        if (type == "LoadBalancer")
        {
            spec.Fill("allocateLoadBalancerNodePorts", true);
        }

        o.ObjectAt("status").ObjectAt("loadBalancer");
    }

    public override void PrepareForCreate(JsonObject o) => AllocatedServiceFields.Normalize(o.ObjectAt("spec"));

    public override void PrepareForUpdate(JsonObject o, JsonObject old)
    {
        AllocatedServiceFields.Keep(o.ObjectAt("spec"), old.ObjectAt("spec"));
        AllocatedServiceFields.Normalize(o.ObjectAt("spec"));
    }

    public override void Validate(JsonObject o, Faults faults) => ServiceValidation.Validate(o.ObjectAt("spec"), faults);

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        JsonObject before = old.ObjectAt("spec");
        ServiceAddressValidation.ValidateUpdate(spec, before, faults);
        if (spec.Text("type") == "LoadBalancer" && before.Text("type") == "LoadBalancer" && !JsonFields.Same(spec["loadBalancerClass"], before["loadBalancerClass"]))
        {
            faults.Invalid("spec.loadBalancerClass", spec["loadBalancerClass"], "may not change once set");
        }

        Validate(o, faults);
    }
}
