using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Mirror;

/// <summary>Finds, in a virtual cluster, what controls a pod of a data plane.</summary>
internal sealed class PodOwner(SourceInformers sources)
{
    /// <summary>On a pod and its ReplicaSet; the name of the ReplicaSet ends in its value.</summary>
    private const string HashLabel = "pod-template-hash";

    /// <summary>Kind and name in the virtual cluster of what controls the object; null where nothing that can stand there does.</summary>
    public static (GroupKind Kind, string Name)? Named(JsonObject original)
    {
        if (Controller(original) is not { } owner
            || owner.TextAt("name") is not { } name)
        {
            return null;
        }

        return owner.TextAt("kind") switch
        {
            "ReplicaSet" => (new GroupKind("apps", "ReplicaSet"), RevisionName(original, name)),
            "ReplicationController" => (new GroupKind("", "ReplicationController"), name),
            "StatefulSet" => (new GroupKind("apps", "StatefulSet"), name),
            "DaemonSet" => (new GroupKind("apps", "DaemonSet"), name),
            "CronJob" => (new GroupKind("batch", "CronJob"), name),
            "Service" => (new GroupKind("", "Service"), name),
            "Job" => (new GroupKind("batch", "Job"), name),
            _ => null,
        };
    }

    public static bool IsOwned(JsonObject original) => Controller(original) is not null;

    /// <returns>Null when it is not there, or on its way out.</returns>
    public KubeObject? Find((GroupKind Kind, string Name) named, ObjectKey of, string dataPlane)
    {
        Informer informer = sources.ByKind[named.Kind];
        KubeObject? found = informer.Get(of with { Name = named.Name });
        if (found is null && named.Kind.Kind == "Job")
        {
            // One that a CronJob made there is mirrored under a name of its own.
            found = informer.Get(of with { Name = MirrorNames.Mirrored(named.Name, dataPlane) });
        }

        return found is { IsDeleting: false } ? found : null;
    }

    /// <summary>Hash of the revision's template in the virtual cluster; null for a pod that is of none.</summary>
    public static string? RevisionHash(JsonObject original) =>
        original.TextAt("metadata", "labels", HashLabel) is not null ? original.TextAt("metadata", "annotations", OrreryNames.TemplateHashAnnotation) : null;

    public static void Put(JsonObject metadata, KubeObject owner, GroupKind kind)
    {
        JsonObject reference = OwnKinds.OwnedBy(owner);
        reference["apiVersion"] = PlaceableKinds.Find(kind)!.Resource.ApiVersion;
        reference["kind"] = kind.Kind;
        reference["blockOwnerDeletion"] = true;
        metadata["ownerReferences"] = new JsonArray((JsonNode)reference);
    }

    /// <summary>Who owns a pod that its tenant made, once what took it in its data plane takes it.</summary>
    /// <param name="takers">The controller, or none.</param>
    /// <returns>Null where that is as it is, or something else controls it.</returns>
    public static JsonArray? Taken(KubeObject own, JsonArray takers)
    {
        JsonArray before = own.At("metadata", "ownerReferences") is { ValueKind: JsonValueKind.Array } owners ? KubeJson.ToNode(owners)!.AsArray() : [];
        JsonObject[] others = [.. before.OfType<JsonObject>().Where(o => o.FlagAt("controller") != true || !IsOfAWorkload(o)).Select(o => o.DeepClone().AsObject())];
        if (takers.Count > 0 && Array.Exists(others, o => o.FlagAt("controller") == true))
        {
            return null;
        }

        JsonArray after = [.. others, .. takers.Select(t => t!.DeepClone())];
        return JsonNode.DeepEquals(before, after) ? null : after;
    }

    private static bool IsOfAWorkload(JsonObject reference) =>
        PlaceableKinds.Find(GroupVersionKind.From(reference.TextAt("apiVersion") ?? "", reference.TextAt("kind") ?? "").GroupKind) is { } kind && PlaceableKinds.WithDependents.Contains(kind.Resource.GroupResource);

    private static JsonObject? Controller(JsonObject original) =>
        (original.NodeAt("metadata", "ownerReferences") as JsonArray ?? []).OfType<JsonObject>().FirstOrDefault(o => o.FlagAt("controller") == true);

    /// <summary>Gives a pod of a Job what that selects it by: its uid, which is another one in the data plane.</summary>
    public static void Select(JsonObject metadata, KubeObject owner)
    {
        foreach (string label in PodMetadata.JobLabels)
        {
            if (metadata["labels"] is JsonObject labels && labels.ContainsKey(label) && owner.TextAt("spec", "selector", "matchLabels", label) is { } value)
            {
                labels[label] = value;
            }
        }
    }

    /// <summary>A data plane's own ReplicaSet of a Deployment is called after a hash of the template as it is there.</summary>
    private static string RevisionName(JsonObject original, string name) =>
        original.TextAt("metadata", "labels", HashLabel) is { } there && RevisionHash(original) is { } here && name.EndsWith("-" + there, StringComparison.Ordinal)
            ? $"{name[..^(there.Length + 1)]}-{here}"
            : name;
}
