using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Core;

internal sealed class PodRule : KindRule
{
    public override bool HasStatus => true;

    public override bool CountsGeneration => true;

    public override IReadOnlyList<SelectableField>? Fields { get; } =
    [
        new("spec.nodeName"), new("spec.host") { Path = "spec.nodeName" }, new("spec.restartPolicy"), new("spec.schedulerName"), new("spec.serviceAccountName"), new("spec.hostNetwork", "false"),
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

        PodLevelAmounts.Default(spec);
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
        string one = status.Text("podIP"), first = status.Items("podIPs").FirstOrDefault()?.Text("ip") ?? "";
        if (one.Length > 0 && one != first)
        {
            // Who knows the one alone has changed it (upstream's conversion of a PodStatus).
            status["podIPs"] = new JsonArray(new JsonObject { ["ip"] = one });
        }
        else if (one.Length == 0 && first.Length > 0)
        {
            status["podIP"] = first;
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

    public override void PrepareForOther(string subresource, JsonObject o, JsonObject old)
    {
        if (subresource is "ephemeralcontainers" or "resize")
        {
            PodSubresources.Keep(subresource, o, old);
        }
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        PodAnnotations.Validate(o.Metadata, spec, "metadata", faults);
        PodSpecValidation.Validate(spec, o.Name, "spec", faults);
        if (spec.Text("serviceAccountName").Length == 0)
        {
            ForbidTokens(spec, faults);
        }

        foreach (string list in new[] { "containers", "initContainers" })
        {
            int i = 0;
            foreach (JsonObject container in spec.Items(list))
            {
                ContainerValidation.ValidateImageOfPod(container, $"spec.{list}[{i++}]", faults);
            }
        }
    }

    public override void ValidateCreate(JsonObject o, Faults faults)
    {
        Validate(o, faults);
        JsonObject spec = o.ObjectAt("spec");
        if (spec.Count("ephemeralContainers") > 0)
        {
            faults.Forbidden("spec.ephemeralContainers", "cannot be set on create");
        }

        if (spec.Text("nodeName").Length > 0 && spec.Count("schedulingGates") > 0)
        {
            faults.Forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared");
        }
    }

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        Validate(o, faults);
        PodAnnotations.ValidateUpdate(o.Metadata, old.Metadata, faults);
        PodUpdates.Validate(o.ObjectAt("spec"), old.ObjectAt("spec"), faults);
    }

    public override void ValidateOtherUpdate(string subresource, JsonObject o, JsonObject old, Faults faults)
    {
        if (subresource is "ephemeralcontainers" or "resize")
        {
            Validate(o, faults);
            PodSubresources.Validate(subresource, o, old, faults);
        }
    }

    public override void ValidateStatusUpdate(JsonObject o, JsonObject old, Faults faults) => PodStatusValidation.Validate(o, old, faults);

    /// <summary>A token is of a service account: without one there is none to be had.</summary>
    private static void ForbidTokens(JsonObject spec, Faults faults)
    {
        int v = 0;
        foreach (JsonObject volume in spec.Items("volumes"))
        {
            int s = 0;
            foreach (JsonObject source in volume.Child("projected")?.Items("sources") ?? [])
            {
                if (source.Has("serviceAccountToken"))
                {
                    faults.Forbidden($"spec.volumes[{v}].projected.sources[{s}].serviceAccountToken", "must not be specified when serviceAccountName is not set");
                }

                s++;
            }

            v++;
        }
    }
}
