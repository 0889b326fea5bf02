using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Apply;

/// <summary>
/// What upstream compares a newly created object with: its Go type's zero value as JSON, in which members that are
/// never omitted are there already. It decides whether <c>f:strategy</c> or <c>f:strategy.</c> is owned.
/// </summary>
internal static class ZeroObjects
{
    private static readonly ConditionalWeakTable<Schema, JsonObject> Made = [];

    /// <summary>Optional members that are structures (or times) held by value: Go writes them even when they are empty.</summary>
    private static readonly Dictionary<string, string[]> HeldByValue = new(StringComparer.Ordinal)
    {
        ["io.k8s.api.core.v1.PodTemplateSpec"] = ["metadata", "spec"],
        ["io.k8s.api.core.v1.PersistentVolumeClaimSpec"] = ["resources"],
        ["io.k8s.api.core.v1.ServiceStatus"] = ["loadBalancer"],
        ["io.k8s.api.core.v1.NodeStatus"] = ["daemonEndpoints", "nodeInfo"],
        ["io.k8s.api.core.v1.NodeDaemonEndpoints"] = ["kubeletEndpoint"],
        ["io.k8s.api.core.v1.PodTemplate"] = ["template"],
        ["io.k8s.api.core.v1.Event"] = ["source", "firstTimestamp", "lastTimestamp", "eventTime"],
        ["io.k8s.api.events.v1.Event"] = ["regarding", "deprecatedSource", "deprecatedFirstTimestamp", "deprecatedLastTimestamp"],
        ["io.k8s.api.apps.v1.DeploymentSpec"] = ["strategy"],
        ["io.k8s.api.apps.v1.DaemonSetSpec"] = ["updateStrategy"],
        ["io.k8s.api.apps.v1.StatefulSetSpec"] = ["updateStrategy"],
        ["io.k8s.api.apps.v1.ReplicaSetSpec"] = ["template"],
        ["io.k8s.api.batch.v1.JobTemplateSpec"] = ["metadata", "spec"],
        ["io.k8s.api.networking.v1.IngressStatus"] = ["loadBalancer"],
        ["io.k8s.api.networking.v1.NetworkPolicySpec"] = ["podSelector"],
        ["io.k8s.api.resource.v1.ResourceClaimSpec"] = ["devices"],
        ["io.k8s.api.resource.v1.ResourceClaimTemplateSpec"] = ["metadata"],
        ["io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionStatus"] = ["acceptedNames"],
    };

    /// <summary>Shared: must not be changed. Empty for custom resources, which start from nothing.</summary>
    public static JsonObject Of(Schema root) => Made.GetValue(root, static s => s.Name is null ? [] : Structure(s, true));

    private static JsonObject Structure(Schema schema, bool isRoot)
    {
        var json = new JsonObject();
        foreach ((string name, Schema member) in schema.Properties)
        {
            if (schema.Required.Contains(name) || (isRoot && name is "metadata" or "spec" or "status") || IsHeldByValue(schema, name))
            {
                json[name] = Zero(member);
            }
        }

        return json;
    }

    private static bool IsHeldByValue(Schema schema, string name) =>
        schema.Name is { } type && HeldByValue.TryGetValue(type, out string[]? members) && members.Contains(name, StringComparer.Ordinal);

    private static JsonNode? Zero(Schema schema) => schema.Type switch
    {
        SchemaType.Object when schema.Properties.Count > 0 => Structure(schema, false),
        SchemaType.String when schema.Format is null => "",
        SchemaType.Integer or SchemaType.Number => 0,
        SchemaType.Boolean => false,
        _ => null,
    };
}
