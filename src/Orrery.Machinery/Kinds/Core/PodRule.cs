using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Core;

internal sealed class PodRule : KindRule
{
    private const string MayChange = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

    public override bool HasStatus => true;

    public override bool CountsGeneration => true;

    public override IReadOnlyList<SelectableField>? Fields { get; } =
    [
        new("spec.nodeName"), new("spec.restartPolicy"), new("spec.schedulerName"), new("spec.serviceAccountName"), new("spec.hostNetwork", "false"),
        new("status.phase"), new("status.podIP"), new("status.podIPs") { Path = "status.podIP" }, new("status.nominatedNodeName"),
    ];

    public override void Default(JsonObject o)
    {
        JsonObject spec = o.ObjectAt("spec");

        // Requests follow limits in pods, not in templates: the author of a template is to see what was written.
        foreach (JsonObject container in spec.Items("initContainers").Concat(spec.Items("containers")))
        {
            if (container.Child("resources")?.Child("limits") is { } limits)
            {
                JsonObject requests = container.Child("resources")!.ObjectAt("requests");
                foreach ((string name, JsonNode? amount) in limits)
                {
                    requests.Fill(name, amount!.DeepClone());
                }
            }
        }

        PodTemplates.DefaultSpec(spec);
        spec.Fill("enableServiceLinks", true);
        if (spec.Flag("hostNetwork"))
        {
            foreach (JsonObject port in spec.Items("initContainers").Concat(spec.Items("containers")).SelectMany(c => c.Items("ports")))
            {
                if (port.Number("hostPort") is null or 0 && port["containerPort"] is { } number)
                {
                    port["hostPort"] = number.DeepClone();
                }
            }
        }

        JsonObject status = o.ObjectAt("status");
        if (status.Text("podIP") is { Length: > 0 } ip && status.Count("podIPs") == 0)
        {
            status["podIPs"] = new JsonArray(new JsonObject { ["ip"] = ip });
        }

        if (status.Text("hostIP") is { Length: > 0 } host && status.Count("hostIPs") == 0)
        {
            status["hostIPs"] = new JsonArray(new JsonObject { ["ip"] = host });
        }
    }

    public override void PrepareForCreate(JsonObject o) => o["status"] = new JsonObject { ["phase"] = "Pending", ["qosClass"] = QualityOfService.Of(o.ObjectAt("spec")) };

    public override void PrepareForStatusUpdate(JsonObject o, JsonObject old)
    {
        o.Metadata.CopyFrom(old.Metadata, "ownerReferences");
        o.ObjectAt("status").CopyFrom(old.ObjectAt("status"), "qosClass");
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        PodSpecValidation.Validate(spec, "spec", faults);
        foreach (string list in new[] { "containers", "initContainers" })
        {
            int i = 0;
            foreach (JsonObject container in spec.Items(list))
            {
                string image = container.Text("image");
                if (image.Length != image.Trim().Length)
                {
                    faults.Invalid($"spec.{list}[{i}].image", image, "must not have leading or trailing whitespace");
                }

                i++;
            }
        }
    }

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        Validate(o, faults);
        JsonObject spec = o.ObjectAt("spec");
        JsonObject before = old.ObjectAt("spec");
        foreach (string list in new[] { "containers", "initContainers" })
        {
            if (spec.Count(list) != before.Count(list))
            {
                faults.Forbidden("spec." + list, "pod updates may not add or remove containers");
                return;
            }
        }

        if (before.Number("activeDeadlineSeconds") is { } deadline && (spec.Number("activeDeadlineSeconds") is not { } now || now > deadline))
        {
            faults.Invalid("spec.activeDeadlineSeconds", spec["activeDeadlineSeconds"], spec.Has("activeDeadlineSeconds") ? $"must be less than or equal to previous value {deadline}" : "must not update from a positive integer to nil value");
        }

        if (!JsonFields.Same(WithoutMutable(spec, before), WithoutMutable(before, before)))
        {
            faults.Forbidden("spec", MayChange);
        }
    }

    public override void ValidateStatusUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        JsonObject status = o.ObjectAt("status");
        int i = 0;
        foreach (JsonObject address in status.Items("podIPs"))
        {
            Addresses.ValidateIp($"status.podIPs[{i++}]", address.Text("ip"), faults);
        }
    }

    /// <summary>What is left of a spec when everything that may change is taken from the old one.</summary>
    private static JsonObject WithoutMutable(JsonObject spec, JsonObject old)
    {
        var rest = (JsonObject)spec.DeepClone();
        foreach (string list in new[] { "containers", "initContainers" })
        {
            foreach (JsonObject container in rest.Items(list))
            {
                container.Remove("image");
            }
        }

        rest.Remove("activeDeadlineSeconds");
        bool onlyAdds = old.Items("tolerations").All(t => spec.Items("tolerations").Any(n => JsonFields.Same(t, n) || SameButTime(t, n)));
        if (onlyAdds)
        {
            rest.Remove("tolerations");
        }

        if (old.Number("terminationGracePeriodSeconds") < 0 && spec.Number("terminationGracePeriodSeconds") == 1)
        {
            rest.CopyFrom(old, "terminationGracePeriodSeconds");
        }

        // Gates may be taken away until the pod is scheduled; never added.
        if (spec.Items("schedulingGates").All(g => old.Items("schedulingGates").Any(b => JsonFields.Same(g, b))))
        {
            rest.Remove("schedulingGates");
        }

        return rest;
    }

    private static bool SameButTime(JsonObject left, JsonObject right) =>
        left.Text("effect") == "NoExecute" && new[] { "key", "operator", "value", "effect" }.All(m => left.Text(m) == right.Text(m));
}
