using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Server.Authorization.Nodes;

/// <summary>What a pod that is bound to a node makes its kubelet read, all of the pod's namespace. Upstream: <c>pkg/api/v1/pod</c> and <c>plugin/pkg/auth/authorizer/node/graph.go</c>.</summary>
internal sealed record PodNeeds
{
    private const string MirrorAnnotation = "kubernetes.io/config.mirror";

    /// <summary>Kinds of volumes with the name of a Secret in them, and where it stands.</summary>
    private static readonly (string Volume, string Member)[] SecretVolumes =
        [("secret", "secretName"), ("azureFile", "secretName"), ("cephfs", "secretRef"), ("cinder", "secretRef"), ("flexVolume", "secretRef"), ("rbd", "secretRef"), ("scaleIO", "secretRef"), ("iscsi", "secretRef"), ("storageos", "secretRef"), ("csi", "nodePublishSecretRef")];

    /// <summary>Empty while the pod is not bound.</summary>
    public required string Node { get; init; }

    public required IReadOnlySet<string> Secrets { get; init; }

    public required IReadOnlySet<string> ConfigMaps { get; init; }

    /// <summary>PersistentVolumeClaims.</summary>
    public required IReadOnlySet<string> Claims { get; init; }

    public required IReadOnlySet<string> ResourceClaims { get; init; }

    public required string ServiceAccount { get; init; }

    public static PodNeeds Of(JsonObject pod)
    {
        JsonObject spec = pod["spec"] as JsonObject ?? [];
        string node = spec.TextAt("nodeName") ?? "";
        HashSet<string> secrets = [], configMaps = [], claims = [], devices = [];

        // What a node makes itself, to show what it runs without being told, must give it nothing.
        if (node.Length == 0 || pod.NodeAt("metadata", "annotations", MirrorAnnotation) is not null)
        {
            return new PodNeeds { Node = node, Secrets = secrets, ConfigMaps = configMaps, Claims = claims, ResourceClaims = devices, ServiceAccount = "" };
        }

        Add(secrets, Items(spec, "imagePullSecrets").Select(s => s.TextAt("name")));
        foreach (JsonObject container in Items(spec, "containers").Concat(Items(spec, "initContainers")).Concat(Items(spec, "ephemeralContainers")))
        {
            JsonObject[] from = [.. Items(container, "envFrom")], one = [.. Items(container, "env")];
            Add(secrets, from.Select(e => e.TextAt("secretRef", "name")).Concat(one.Select(e => e.TextAt("valueFrom", "secretKeyRef", "name"))));
            Add(configMaps, from.Select(e => e.TextAt("configMapRef", "name")).Concat(one.Select(e => e.TextAt("valueFrom", "configMapKeyRef", "name"))));
        }

        foreach (JsonObject volume in Items(spec, "volumes"))
        {
            Add(secrets, SecretVolumes.Select(v => volume[v.Volume] is JsonObject source ? source.TextAt(v.Member) ?? source.TextAt(v.Member, "name") : null));
            Add(configMaps, [volume.TextAt("configMap", "name")]);
            Add(claims, [volume.TextAt("persistentVolumeClaim", "claimName"), volume["ephemeral"] is JsonObject ? $"{pod.Name}-{volume.TextAt("name")}" : null]);
            foreach (JsonObject source in volume["projected"] is JsonObject projected ? Items(projected, "sources") : [])
            {
                Add(secrets, [source.TextAt("secret", "name")]);
                Add(configMaps, [source.TextAt("configMap", "name")]);
            }
        }

        JsonObject status = pod["status"] as JsonObject ?? [];
        Add(devices, Items(spec, "resourceClaims").Select(c => c.TextAt("resourceClaimName"))
            .Concat(Items(status, "resourceClaimStatuses").Select(c => c.TextAt("resourceClaimName"))).Append(status.TextAt("extendedResourceClaimStatus", "resourceClaimName")));
        return new PodNeeds { Node = node, Secrets = secrets, ConfigMaps = configMaps, Claims = claims, ResourceClaims = devices, ServiceAccount = spec.TextAt("serviceAccountName") ?? "" };
    }

    private static IEnumerable<JsonObject> Items(JsonObject json, string member) => (json[member] as JsonArray ?? []).OfType<JsonObject>();

    private static void Add(HashSet<string> names, IEnumerable<string?> more) => names.UnionWith(more.OfType<string>().Where(name => name.Length > 0));
}
