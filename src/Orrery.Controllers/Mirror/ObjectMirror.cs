using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.Mirror;

/// <summary>Turns a claim, job or endpoint slice of a data plane into the one that its tenant sees. Pure.</summary>
internal static class ObjectMirror
{
    /// <summary>Where the services of a cluster look for the endpoints that they manage.</summary>
    private const string SliceManager = "endpointslice.kubernetes.io/managed-by";

    /// <param name="original">As it is in the data plane.</param>
    /// <param name="node">Gives the name of a mirrored node for a physical one.</param>
    /// <param name="pod">Gives the name of the pod that stands for one of the data plane.</param>
    public static JsonObject Build(MirroredKind kind, JsonObject original, MirrorKey key, string dataPlane, Func<string, string> node, Func<string, string> pod)
    {
        var made = new JsonObject
        {
            ["apiVersion"] = kind.Resource.ApiVersion,
            ["kind"] = kind.Kind,
            ["metadata"] = PodMirror.Metadata(original, key, dataPlane),
        };
        if (kind.Stays)
        {
            made.Metadata["finalizers"] = new JsonArray(OrreryNames.MirrorFinalizer);
        }

        foreach (string member in (ReadOnlySpan<string>)["spec", "status", "addressType", "ports"])
        {
            if (original[member] is { } value)
            {
                made[member] = value.DeepClone();
            }
        }

        switch (kind.Kind)
        {
            case "Job":
                // Its selector is by a uid of the data plane.
                made.ObjectAt("spec")["manualSelector"] = true;
                made.ObjectAt("spec").Remove("ttlSecondsAfterFinished");
                break;
            case "EndpointSlice":
                made.Metadata["labels"]![SliceManager] = OrreryNames.Manager;
                made["endpoints"] = new JsonArray(
                    [.. (original["endpoints"] as JsonArray ?? []).OfType<JsonObject>().Select(e => (JsonNode)Endpoint(e, key, dataPlane, node, pod))]);
                break;
        }

        return made;
    }

    private static JsonObject Endpoint(JsonObject original, MirrorKey key, string dataPlane, Func<string, string> node, Func<string, string> pod)
    {
        JsonObject endpoint = original.DeepClone().AsObject();
        endpoint["zone"] = dataPlane;
        if (endpoint.TextAt("nodeName") is { } physical)
        {
            endpoint["nodeName"] = node(physical);
        }

        if (endpoint["targetRef"] is JsonObject target)
        {
            target["namespace"] = key.Object.Namespace;
            target.Remove("uid");
            target.Remove("resourceVersion");
            if (target.TextAt("kind") == "Pod" && target.TextAt("name") is { } name)
            {
                target["name"] = pod(name);
            }
        }

        return endpoint;
    }
}
