using System.Runtime.CompilerServices;
using Orrery.Api;
using Orrery.Server.Authorization.Webhook;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Authorization.Nodes;

/// <summary>
/// Lets kubelets do what they need: read their own Node and the pods that are bound to it, and what those pods need, each by its name; keep their Lease and the like. Upstream:
/// <c>plugin/pkg/auth/authorizer/node</c>, which keeps a graph of all that; here each pod's needs are kept with it, and the pods of a namespace are looked at. What a kubelet may write it
/// may write of any node: whose it is, <c>NodeRestriction</c> looks at.
/// </summary>
/// <param name="rules">What every node may do, of the role <c>system:node</c> as it comes with the server.</param>
internal sealed class NodeAuthorizer(CacheSet caches, Func<IReadOnlyList<PolicyRule>> rules)
{
    private static readonly GroupResource Pods = new("", "pods"), Volumes = new("", "persistentvolumes");
    private static readonly GroupResource Attachments = new("storage.k8s.io", "volumeattachments"), Slices = new("resource.k8s.io", "resourceslices");

    /// <summary>Where in a volume's source a Secret is named that a kubelet mounts it by.</summary>
    private static readonly string[] SecretsOfDrivers = ["nodePublishSecretRef", "nodeStageSecretRef", "nodeExpandSecretRef"];
    private static readonly string[] SecretsOfOthers = ["cephfs", "cinder", "flexVolume", "rbd", "scaleIO", "iscsi", "storageos"];

    /// <summary>Of a version of a pod, and forgotten with it.</summary>
    private readonly ConditionalWeakTable<CachedObject, PodNeeds> needs = [];

    public AuthorizationOpinion Authorize(AuthorizationAttributes a)
    {
        if (NodeIdentity.Of(a.User) is not { } node)
        {
            return AuthorizationOpinion.None;
        }

        if (node.Length == 0)
        {
            return No($"unknown node for user \"{a.User.Name}\"");
        }

        return !a.IsResourceRequest ? ByRules(a) : (a.Group, a.Resource) switch
        {
            ("", "secrets") => Read(a, node, () => Needs(a, node, pod => pod.Secrets.Contains(a.Name)) || VolumesOf(a.Cluster, node).Any(v => SecretsOf(v).Contains((a.Namespace, a.Name)))),
            ("", "configmaps") => Read(a, node, () => Needs(a, node, pod => pod.ConfigMaps.Contains(a.Name))),
            ("", "persistentvolumeclaims") when a.Subresource == "status" => a.Verb is "update" or "patch" ? Related(a, node, () => NeedsClaim(a, node)) : No("can only get/update/patch this type"),
            ("", "persistentvolumeclaims") => Get(a, node, () => NeedsClaim(a, node)),
            ("", "persistentvolumes") => Get(a, node, () => VolumesOf(a.Cluster, node).Any(v => v.Name == a.Name)),
            ("resource.k8s.io", "resourceclaims") => Get(a, node, () => Needs(a, node, pod => pod.ResourceClaims.Contains(a.Name))),
            ("storage.k8s.io", "volumeattachments") => Get(a, node, () => Find(a.Cluster, Attachments, "", a.Name)?.TextAt("spec", "nodeName") == node),
            ("", "serviceaccounts") when a.Verb == "get" && a.Subresource.Length == 0 => Related(a, node, () => Needs(a, node, pod => pod.ServiceAccount == a.Name)),
            ("", "serviceaccounts") => a.Verb != "create" || a.Name.Length == 0 ? No("can only create tokens for individual service accounts")
                : a.Subresource != "token" ? No("can only create token subresource of serviceaccount")
                : Related(a, node, () => Needs(a, node, pod => pod.ServiceAccount == a.Name)),
            ("coordination.k8s.io", "leases") => Lease(a, node),
            ("storage.k8s.io", "csinodes") => DriverNode(a, node),
            ("resource.k8s.io", "resourceslices") => Slice(a, node),
            ("", "nodes") => Node(a, node),
            ("", "pods") => Pod(a, node),
            _ => ByRules(a),
        };
    }

    private AuthorizationOpinion ByRules(AuthorizationAttributes a) => rules().Any(rule => rule.Allows(a)) ? Yes : AuthorizationOpinion.None;

    private static AuthorizationOpinion Lease(AuthorizationAttributes a, string node) =>
        a.Verb is not ("get" or "create" or "update" or "patch" or "delete") ? No("can only get, create, update, patch, or delete a node lease")
        : a.Namespace != "kube-node-lease" ? No("can only access leases in the \"kube-node-lease\" system namespace")
        : a.Verb != "create" && a.Name != node ? No("can only access node lease with the same name as the requesting node")
        : Yes;

    private static AuthorizationOpinion DriverNode(AuthorizationAttributes a, string node) =>
        a.Verb is not ("get" or "create" or "update" or "patch" or "delete") ? No("can only get, create, update, patch, or delete a CSINode")
        : a.Subresource.Length > 0 ? No("cannot authorize CSINode subresources")
        : a.Verb != "create" && a.Name != node ? No("can only access CSINode with the same name as the requesting node")
        : Yes;

    private AuthorizationOpinion Slice(AuthorizationAttributes a, string node) => a.Subresource.Length > 0 ? No("cannot authorize ResourceSlice subresources") : a.Verb switch
    {
        "create" => Yes,
        "get" or "update" or "patch" or "delete" => Related(a, node, () => Find(a.Cluster, Slices, "", a.Name)?.TextAt("spec", "nodeName") == node),
        "watch" or "list" or "deletecollection" => Selects(a, "nodeName", node) ? Yes : No("can only list/watch/deletecollection resourceslices with nodeName field selector"),
        _ => No("only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection"),
    };

    /// <summary>Its own may be looked for before it is made.</summary>
    private static AuthorizationOpinion Node(AuthorizationAttributes a, string node) => (a.Subresource, a.Verb) switch
    {
        ("", "create" or "update" or "patch") or ("status", "update" or "patch") => Yes,
        ("", "get" or "list" or "watch") when a.Name == node => Yes,
        ("", "get" or "list" or "watch") => No(a.Name.Length == 0 ? $"node '{node}' cannot read all nodes, only its own Node object" : $"node '{node}' cannot read '{a.Name}', only its own Node object"),
        _ => AuthorizationOpinion.None,
    };

    private AuthorizationOpinion Pod(AuthorizationAttributes a, string node) => (a.Subresource, a.Verb) switch
    {
        ("", "get") => Related(a, node, () => IsBound(a, node)),
        ("", "list" or "watch") when Selects(a, "spec.nodeName", node) => Yes,
        ("", "list" or "watch") => a.Name.Length > 0 ? Related(a, node, () => IsBound(a, node)) : No("can only list/watch pods with spec.nodeName field selector"),
        ("", "create" or "delete") or ("status", "update" or "patch") or ("eviction", "create") => Yes,
        _ => AuthorizationOpinion.None,
    };

    private static AuthorizationOpinion Read(AuthorizationAttributes a, string node, Func<bool> isRelated) =>
        a.Verb is not ("get" or "list" or "watch") ? No("can only read resources of this type")
        : a.Subresource.Length > 0 ? No("cannot read subresource")
        : a.Namespace.Length == 0 ? No("can only read namespaced object of this type")
        : Related(a, node, isRelated);

    private static AuthorizationOpinion Get(AuthorizationAttributes a, string node, Func<bool> isRelated) =>
        a.Verb != "get" ? No("can only get individual resources of this type")
        : a.Subresource.Length > 0 ? No("cannot get subresource")
        : Related(a, node, isRelated);

    private static AuthorizationOpinion Related(AuthorizationAttributes a, string node, Func<bool> isRelated) =>
        a.Name.Length == 0 ? No("No Object name found")
        : isRelated() ? Yes
        : No($"no relationship found between node '{node}' and this object");

    private static bool Selects(AuthorizationAttributes a, string field, string node) =>
        a.FieldSelector?.Terms.Any(term => term.Key == field && term.Operator == "In" && term.Values is [var value] && value == node) == true;

    private bool IsBound(AuthorizationAttributes a, string node) =>
        caches.For(Pods).Current.Get(StoreKey.Of(Pods, a.Cluster, a.Namespace, a.Name)) is { } pod && NeedsOf(pod).Node == node;

    /// <summary>Whether a pod of the namespace that is bound to the node needs something.</summary>
    private bool Needs(AuthorizationAttributes a, string node, Func<PodNeeds, bool> isNeeded) =>
        caches.For(Pods).Current.Range(StoreKey.Prefix(Pods, a.Cluster, a.Namespace)).Select(NeedsOf).Any(pod => pod.Node == node && isNeeded(pod));

    private bool NeedsClaim(AuthorizationAttributes a, string node) => Needs(a, node, pod => pod.Claims.Contains(a.Name));

    /// <summary>The volumes of claims that pods on the node need.</summary>
    private IEnumerable<KubeObject> VolumesOf(ClusterName cluster, string node)
    {
        foreach (CachedObject item in caches.For(Volumes).Current.Range(StoreKey.Prefix(Volumes, cluster)))
        {
            KubeObject volume = KubeObject.Parse(item.Json.Span);
            string ns = volume.TextAt("spec", "claimRef", "namespace") ?? "", claim = volume.TextAt("spec", "claimRef", "name") ?? "";
            if (ns.Length > 0 && caches.For(Pods).Current.Range(StoreKey.Prefix(Pods, cluster, ns)).Select(NeedsOf).Any(pod => pod.Node == node && pod.Claims.Contains(claim)))
            {
                yield return volume;
            }
        }
    }

    /// <summary>By namespace and name; where no namespace is said it is that of the claim.</summary>
    private static IEnumerable<(string Namespace, string Name)> SecretsOf(KubeObject volume)
    {
        string ns = volume.TextAt("spec", "claimRef", "namespace") ?? "";
        if (volume.TextAt("spec", "azureFile", "secretName") is { Length: > 0 } azure)
        {
            yield return (volume.TextAt("spec", "azureFile", "secretNamespace") is { Length: > 0 } said ? said : ns, azure);
        }

        foreach ((string source, string member) in SecretsOfOthers.Select(s => (s, "secretRef")).Concat(SecretsOfDrivers.Select(m => ("csi", m))))
        {
            if (volume.TextAt("spec", source, member, "name") is { Length: > 0 } name)
            {
                yield return (volume.TextAt("spec", source, member, "namespace") is { Length: > 0 } said ? said : ns, name);
            }
        }
    }

    private KubeObject? Find(ClusterName cluster, GroupResource resource, string ns, string name) =>
        caches.For(resource).Current.Get(StoreKey.Of(resource, cluster, ns, name)) is { } found ? KubeObject.Parse(found.Json.Span) : null;

    private PodNeeds NeedsOf(CachedObject pod) => needs.GetValue(pod, static found => PodNeeds.Of(StoredJson.Parse(found.Json.Span)));

    private static AuthorizationOpinion Yes { get; } = new(AuthorizationVerdict.Allow, "", "");

    private static AuthorizationOpinion No(string reason) => new(AuthorizationVerdict.NoOpinion, reason, "");
}
