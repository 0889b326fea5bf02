using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Admission.Certificates;
using Orrery.Server.Authorization;
using Orrery.Server.Authorization.Nodes;
using Orrery.Server.Clusters;

namespace Orrery.Server.Admission;

/// <summary>Holds kubelets to what is theirs: their Node without its taints and most labels, the pods bound to it, tokens for those, their Lease. Upstream: <c>plugin/pkg/admission/noderestriction</c>.</summary>
internal sealed class NodeRestriction(IClusterObjects objects, IAuthorizer authorizer) : IMutatingPlugin
{
    private const string Mirror = "kubernetes.io/config.mirror";
    private const string Restricted = "node-restriction.kubernetes.io";

    private static readonly GroupResource Pods = new("", "pods"), Nodes = new("", "nodes");

    /// <summary>Labels of Kubernetes' own that a kubelet knows itself (<c>k8s.io/kubelet/pkg/apis/well_known_labels.go</c>).</summary>
    private static readonly string[] KubeletLabels =
    [
        "kubernetes.io/hostname", "topology.kubernetes.io/zone", "topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region",
        "beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type", "kubernetes.io/os", "kubernetes.io/arch", "beta.kubernetes.io/os", "beta.kubernetes.io/arch",
    ];

    private static readonly string[] KubeletNamespaces = ["kubelet.kubernetes.io", "node.kubernetes.io"];

    /// <exception cref="StatusException">403, or 404 for a pod or a node that is not there.</exception>
    public async ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Operation == AdmissionOperation.Connect || NodeIdentity.Of(request.User) is not { } node)
        {
            return;
        }

        string? why = node.Length == 0 ? $"could not determine node from user \"{request.User.Name}\"" : request switch
        {
            { GroupResource: { Group: "", Resource: "pods" } } => Pod(request, node),
            { GroupResource: { Group: "", Resource: "nodes" } } => Node(request, node),
            { GroupResource: { Group: "", Resource: "persistentvolumeclaims" } } => request.Subresource == "status" ? Claim(request, node) : "may only update PVC status",
            { GroupResource: { Group: "", Resource: "serviceaccounts" }, Subresource: "token", Operation: AdmissionOperation.Create } => await TokenAsync(request, node, cancellationToken),
            { GroupResource: { Group: "coordination.k8s.io", Resource: "leases" } } => request.Namespace != "kube-node-lease" ? "can only access leases in the \"kube-node-lease\" system namespace" : Named(request, node, "node lease"),
            { GroupResource: { Group: "storage.k8s.io", Resource: "csinodes" } } => Named(request, node, "CSINode"),
            { GroupResource: { Group: "resource.k8s.io", Resource: "resourceslices" } } => Slice(request, node),
            { GroupResource: { Group: "certificates.k8s.io", Resource: "certificatesigningrequests" }, Subresource: "", Operation: AdmissionOperation.Create } => Certificate(request),
            _ => null,
        };
        if (why is not null)
        {
            throw ApiErrors.Forbidden(request.GroupResource, NameOf(request), why);
        }
    }

    private string? Pod(AdmissionRequest request, string node) => (request.Subresource, request.Operation) switch
    {
        ("", AdmissionOperation.Create) => NewPod(request, node),
        ("", AdmissionOperation.Delete) => request.Old?.TextAt("spec", "nodeName") == node ? null : $"node \"{node}\" can only delete pods with spec.nodeName set to itself",
        ("", _) => $"unexpected operation \"UPDATE\", node \"{node}\" can only create and delete mirror pods",
        ("status", AdmissionOperation.Update) => request.Old?.TextAt("spec", "nodeName") != node ? $"node \"{node}\" can only update pod status for pods with spec.nodeName set to itself"
            : !JsonNode.DeepEquals(Labels(request.Old), Labels(request.Object)) ? $"node \"{node}\" cannot update labels through pod status"
            : !JsonNode.DeepEquals(request.Old?.NodeAt("status", "resourceClaimStatuses"), request.Object?.NodeAt("status", "resourceClaimStatuses")) ? $"node \"{node}\" cannot update resource claim statues"
            : null,
        ("eviction", AdmissionOperation.Create) => Find(request, Pods, request.Namespace, NameOf(request)).TextAt("spec", "nodeName") == node ? null : $"node {node} can only evict pods with spec.nodeName set to itself",
        _ => $"unexpected pod subresource \"{request.Subresource}\", only 'status' and 'eviction' are allowed",
    };

    /// <summary>A node shows what it runs without being told, and nothing that would let it read more.</summary>
    private string? NewPod(AdmissionRequest request, string node)
    {
        JsonObject pod = request.Object!;
        if (pod.NodeAt("metadata", "annotations", Mirror) is null)
        {
            return $"pod does not have \"{Mirror}\" annotation, node \"{node}\" can only create mirror pods";
        }

        if (pod.TextAt("spec", "nodeName") != node)
        {
            return $"node \"{node}\" can only create pods with spec.nodeName set to itself";
        }

        JsonObject[] owners = [.. (pod.NodeAt("metadata", "ownerReferences") as JsonArray ?? []).OfType<JsonObject>()];
        if (owners.Length != 1)
        {
            return $"node \"{node}\" can only create pods with {(owners.Length == 0 ? "an owner reference set to itself" : "a single owner reference set to itself")}";
        }

        JsonObject owner = owners[0];
        string? fault = owner.TextAt("apiVersion") != "v1" || owner.TextAt("kind") != "Node" || owner.TextAt("name") != node ? $"node \"{node}\" can only create pods with an owner reference set to itself"
            : owner.FlagAt("controller") != true ? $"node \"{node}\" can only create pods with a controller owner reference set to itself"
            : owner.FlagAt("blockOwnerDeletion") == true ? $"node \"{node}\" must not set blockOwnerDeletion on an owner reference"
            : Find(request, Nodes, "", node).Uid is var uid && owner.TextAt("uid") != uid ? $"node {node} UID mismatch: expected {owner.TextAt("uid")} got {uid}"
            : null;
        if (fault is not null)
        {
            return fault;
        }

        // As if it were no mirror: what it would need then.
        var plain = (JsonObject)pod.DeepClone();
        ((JsonObject)plain.NodeAt("metadata", "annotations")!).Remove(Mirror);
        var needs = PodNeeds.Of(plain);
        return needs.ServiceAccount.Length > 0 ? $"node \"{node}\" can not create pods that reference a service account"
            : needs.Secrets.Count > 0 ? $"node \"{node}\" can not create pods that reference secrets"
            : needs.ConfigMaps.Count > 0 ? $"node \"{node}\" can not create pods that reference configmaps"
            : (pod.NodeAt("spec", "volumes") as JsonArray ?? []).Any(v => v?["projected"]?["sources"] is JsonArray sources && sources.Any(s => s?["clusterTrustBundle"] is not null)) ? $"node \"{node}\" can not create pods that reference clustertrustbundles"
            : needs.Claims.Count > 0 ? $"node \"{node}\" can not create pods that reference persistentvolumeclaims"
            : pod.NodeAt("spec", "resourceClaims") is JsonArray { Count: > 0 } ? $"node \"{node}\" can not create pods that reference resourceclaims"
            : null;
    }

    private static string? Node(AdmissionRequest request, string node)
    {
        if (NameOf(request) is var name && name != node)
        {
            return $"node \"{node}\" is not allowed to modify node \"{name}\"";
        }

        if (request.Operation == AdmissionOperation.Delete)
        {
            return null;
        }

        if (request.Old is { } old && !JsonNode.DeepEquals(old.NodeAt("spec", "taints"), request.Object!.NodeAt("spec", "taints")))
        {
            return $"node \"{node}\" is not allowed to modify taints";
        }

        JsonObject now = Labels(request.Object), before = Labels(request.Old);
        string[] forbidden = [.. now.Select(l => l.Key).Union(before.Select(l => l.Key)).Where(label => !JsonNode.DeepEquals(now[label], before[label]) && IsForbidden(label)).Order(StringComparer.Ordinal)];
        return forbidden.Length == 0 ? null
            : request.Old is null ? $"node \"{node}\" is not allowed to set the following labels: {string.Join(", ", forbidden)}"
            : $"is not allowed to modify labels: {string.Join(", ", forbidden)}";
    }

    private static bool IsForbidden(string label)
    {
        int slash = label.IndexOf('/', StringComparison.Ordinal);
        string ns = slash < 0 ? "" : label[..slash];
        return Within(ns, Restricted) || ((Within(ns, "kubernetes.io") || Within(ns, "k8s.io")) && !KubeletLabels.Contains(label) && !KubeletNamespaces.Any(known => Within(ns, known)));
    }

    private static bool Within(string ns, string of) => ns == of || ns.EndsWith("." + of, StringComparison.Ordinal);

    private static string? Claim(AdmissionRequest request, string node)
    {
        if (request is not { Operation: AdmissionOperation.Update, Old: { } old, Object: { } wanted })
        {
            return "may only update PVC status";
        }

        return JsonNode.DeepEquals(Fixed(old), Fixed(wanted)) ? null : $"node \"{node}\" is not allowed to update fields other than status.capacity and status.conditions";

        static JsonObject Fixed(JsonObject claim)
        {
            var rest = (JsonObject)claim.DeepClone();
            rest.Metadata.Remove("resourceVersion");
            rest.Metadata.Remove("managedFields");
            foreach (string member in (ReadOnlySpan<string>)["capacity", "conditions", "allocatedResourceStatuses", "allocatedResources"])
            {
                (rest["status"] as JsonObject)?.Remove(member);
            }

            return rest;
        }
    }

    /// <summary>A token for a pod on the node, and for whom that pod says, or roles do.</summary>
    private async ValueTask<string?> TokenAsync(AdmissionRequest request, string node, CancellationToken cancellationToken)
    {
        JsonObject? bound = request.Object?.NodeAt("spec", "boundObjectRef") as JsonObject;
        if (bound is null || bound.TextAt("apiVersion") != "v1" || bound.TextAt("kind") != "Pod" || bound.TextAt("name") is not { Length: > 0 } name)
        {
            return "node requested token not bound to a pod";
        }

        if (bound.TextAt("uid") is not { Length: > 0 } uid)
        {
            return "node requested token with a pod binding without a uid";
        }

        KubeObject pod = Find(request, Pods, request.Namespace, name);
        if (uid != pod.Uid)
        {
            return $"the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated";
        }

        if (pod.TextAt("spec", "nodeName") != node)
        {
            return "node requested token bound to a pod scheduled on a different node";
        }

        string[] audiences = [.. (request.Object!.NodeAt("spec", "audiences") as JsonArray ?? []).Select(a => a?.GetValue<string>() ?? "")];
        if (audiences.Length > 1)
        {
            return "node may only request 0 or 1 audiences";
        }

        string audience = audiences.Length == 0 ? "" : audiences[0];
        if (Audiences(request, pod.ToJsonObject()).Contains(audience))
        {
            return null;
        }

        AuthorizationDecision decision = await authorizer.AuthorizeAsync(
            new AuthorizationAttributes
            {
                User = request.User, Cluster = request.Cluster, Verb = "request-serviceaccounts-token-audience", Version = "v1", Resource = audience, Namespace = request.Namespace, Name = request.Name,
            },
            cancellationToken);
        return decision.Allowed ? null : $"audience \"{audience}\" not found in pod spec volume, {request.User.Name} is not authorized to request tokens for this audience";
    }

    /// <summary>Those of its projected tokens, and of the drivers of its volumes.</summary>
    private IEnumerable<string> Audiences(AdmissionRequest request, JsonObject pod)
    {
        foreach (JsonObject volume in (pod.NodeAt("spec", "volumes") as JsonArray ?? []).OfType<JsonObject>())
        {
            foreach (JsonObject token in (volume.NodeAt("projected", "sources") as JsonArray ?? []).Select(s => s?["serviceAccountToken"]).OfType<JsonObject>())
            {
                yield return token.TextAt("audience") ?? "";
            }

            string? claim = volume.TextAt("persistentVolumeClaim", "claimName") ?? (volume["ephemeral"] is JsonObject ? $"{pod.Name}-{volume.TextAt("name")}" : null);
            string? driver = volume.TextAt("csi", "driver")
                ?? (claim is not null && objects.Find(request.Cluster, new GroupResource("", "persistentvolumeclaims"), request.Namespace, claim)?.TextAt("spec", "volumeName") is { Length: > 0 } of
                    ? objects.Find(request.Cluster, new GroupResource("", "persistentvolumes"), "", of)?.TextAt("spec", "csi", "driver")
                    : null);
            JsonArray tokens = driver is null ? [] : objects.Find(request.Cluster, new GroupResource("storage.k8s.io", "csidrivers"), "", driver)?.ToJsonObject().NodeAt("spec", "tokenRequests") as JsonArray ?? [];
            foreach (JsonObject token in tokens.OfType<JsonObject>())
            {
                yield return token.TextAt("audience") ?? "";
            }
        }
    }

    private static string? Named(AdmissionRequest request, string node, string what) => NameOf(request) == node ? null : $"can only access {what} with the same name as the requesting node";

    private static string? Slice(AdmissionRequest request, string node) => (request.Operation == AdmissionOperation.Create ? request.Object : request.Old)?.TextAt("spec", "nodeName") == node ? null
        : $"can only {request.Operation.ToString().ToLowerInvariant()} ResourceSlice with the same NodeName as the requesting node";

    /// <summary>A certificate for itself alone.</summary>
    private static string? Certificate(AdmissionRequest request) =>
        request.Object?.TextAt("spec", "signerName") is not ("kubernetes.io/kubelet-serving" or "kubernetes.io/kube-apiserver-client-kubelet") ? null
        : SigningRequests.Read(request.Object) is { } asked && SigningRequests.Subject(asked).Name == request.User.Name ? null
        : $"can only create a node CSR with CN={request.User.Name}";

    /// <exception cref="StatusException">404.</exception>
    private KubeObject Find(AdmissionRequest request, GroupResource resource, string ns, string name) => objects.Find(request.Cluster, resource, ns, name) ?? throw ApiErrors.NotFound(resource, name);

    private static JsonObject Labels(JsonObject? json) => json?.NodeAt("metadata", "labels") as JsonObject ?? [];

    private static string NameOf(AdmissionRequest request) => request.Name.Length > 0 ? request.Name : request.Object?.Name ?? request.Old?.Name ?? "";
}
