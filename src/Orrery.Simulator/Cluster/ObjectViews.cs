using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Simulator.Cluster;

/// <summary>What controllers ask of objects, in the field's words.</summary>
internal static class ObjectViews
{
    extension(KubeObject found)
    {
        /// <summary>uid of the owner that controls this object; null where nobody does.</summary>
        public string? ControllerUid => found.ControllerReference is { } owner ? owner.GetProperty("uid").GetString() : null;

        public JsonElement? ControllerReference
        {
            get
            {
                if (found.At("metadata", "ownerReferences") is { ValueKind: JsonValueKind.Array } owners)
                {
                    foreach (JsonElement owner in owners.EnumerateArray())
                    {
                        if (owner.TryGetProperty("controller", out JsonElement controls) && controls.ValueKind == JsonValueKind.True)
                        {
                            return owner;
                        }
                    }
                }

                return null;
            }
        }

        public ObjectKey Key => new(ClusterName.Root, found.Namespace, found.Name);

        public string PodPhase => found.TextAt("status", "phase") ?? "Pending";

        public string NodeName => found.TextAt("spec", "nodeName") ?? "";

        public bool IsFinishedPod => found.PodPhase is "Succeeded" or "Failed";

        /// <summary>Counts towards what its controller wants: neither finished nor on its way out.</summary>
        public bool IsActivePod => !found.IsDeleting && !found.IsFinishedPod;

        public bool IsReadyPod => Conditions.IsTrue(found, "Ready");

        /// <summary>A copy of the value at a path as a mutable object; empty where it is missing.</summary>
        public JsonObject CopyAt(params ReadOnlySpan<string> path) =>
            found.At(path) is { ValueKind: JsonValueKind.Object } o ? JsonObject.Create(o)!.DeepClone().AsObject() : [];

        public LabelSelector SelectorAt(params ReadOnlySpan<string> path) =>
            found.At(path) is not { ValueKind: JsonValueKind.Object } o ? LabelSelector.Nothing
            : found.Kind == "ReplicationController" ? LabelSelector.FromLabels(o.EnumerateObject().ToDictionary(l => l.Name, l => l.Value.GetString() ?? "", StringComparer.Ordinal))
            : LabelSelector.FromJson(JsonObject.Create(o));

        public int IntAt(int missing, params ReadOnlySpan<string> path) => (int)(found.NumberAt(path) ?? missing);

        /// <summary>When a ready pod has been ready long enough to count as available; null while it is not ready.</summary>
        public DateTimeOffset? AvailableFrom(int minReadySeconds) =>
            Conditions.Find(found, "Ready") is { Status: "True" } ready
                ? (ready.LastTransitionTime ?? DateTimeOffset.MinValue) + TimeSpan.FromSeconds(minReadySeconds)
                : null;

        public bool IsAvailablePod(int minReadySeconds, DateTimeOffset now) => found.AvailableFrom(minReadySeconds) is { } from && from <= now;
    }

    /// <summary>The reference that makes <paramref name="owner"/> the controller of an object.</summary>
    public static JsonArray OwnedBy(KubeObject owner) =>
    [
        (JsonNode)new JsonObject
        {
            ["apiVersion"] = owner.ApiVersion,
            ["kind"] = owner.Kind,
            ["name"] = owner.Name,
            ["uid"] = owner.Uid,
            ["controller"] = true,
            ["blockOwnerDeletion"] = true,
        },
    ];

    /// <summary>A pod as a controller makes it from a template: the template's labels, annotations and spec.</summary>
    public static JsonObject PodFrom(JsonObject template, KubeObject owner)
    {
        var metadata = new JsonObject { ["namespace"] = owner.Namespace, ["ownerReferences"] = OwnedBy(owner) };
        foreach (string name in (ReadOnlySpan<string>)["labels", "annotations", "finalizers"])
        {
            if (template.NodeAt("metadata", name) is { } value)
            {
                metadata[name] = value.DeepClone();
            }
        }

        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Pod",
            ["metadata"] = metadata,
            ["spec"] = template["spec"]?.DeepClone(),
        };
    }

    /// <summary>A count, or a percentage of <paramref name="total"/> (intstr.GetScaledValueFromIntOrPercent).</summary>
    public static int Resolve(JsonElement? value, int missing, int total, bool roundUp)
    {
        switch (value)
        {
            case { ValueKind: JsonValueKind.Number } number:
                return number.GetInt32();
            case { ValueKind: JsonValueKind.String } text when text.GetString() is { } s && s.EndsWith('%'):
                double share = total * int.Parse(s.AsSpan(0, s.Length - 1), CultureInfo.InvariantCulture) / 100.0;
                return (int)(roundUp ? Math.Ceiling(share) : Math.Floor(share));
            default:
                return missing;
        }
    }
}
