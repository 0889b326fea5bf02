using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Authorization;
using Orrery.Server.Authorization.Webhook;
using Orrery.Server.Tests.Security;

namespace Orrery.Server.Tests.Authorization.Nodes;

/// <summary>What a kubelet may do: what its own node and the pods on it make it need.</summary>
public sealed class NodeAuthorizerTests
{
    private const string None = "no relationship found between node 'n1' and this object";

    /// <summary>On n1: a pod that needs everything there is. On n2 another, on n1 a mirror of one that a file says, and one that is not bound.</summary>
    private static readonly string[] Pods =
    [
        """
        {"metadata":{"name":"web","namespace":"shop"},"spec":{"nodeName":"n1","serviceAccountName":"runner","imagePullSecrets":[{"name":"s-pull"}],
         "containers":[{"name":"c","envFrom":[{"secretRef":{"name":"s-env"} },{"configMapRef":{"name":"c-env"} }],"env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s-key","key":"k"} } },{"name":"B","valueFrom":{"configMapKeyRef":{"name":"c-key","key":"k"} } }]}],
         "initContainers":[{"name":"i","envFrom":[{"secretRef":{"name":"s-init"} }]}],"ephemeralContainers":[{"name":"e","env":[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"c-debug","key":"k"} } }]}],
         "resourceClaims":[{"name":"a","resourceClaimName":"d-named"},{"name":"b","resourceClaimTemplateName":"t"}],
         "volumes":[{"name":"a","secret":{"secretName":"s-volume"} },{"name":"b","configMap":{"name":"c-volume"} },{"name":"c","projected":{"sources":[{"secret":{"name":"s-projected"} },{"configMap":{"name":"c-projected"} }]} },
          {"name":"d","csi":{"driver":"x","nodePublishSecretRef":{"name":"s-csi"} } },{"name":"e","persistentVolumeClaim":{"claimName":"data"} },{"name":"scratch","ephemeral":{} },{"name":"g","azureFile":{"secretName":"s-azure"} }]},
         "status":{"resourceClaimStatuses":[{"name":"b","resourceClaimName":"d-made"}]} }
        """,
        """{"metadata":{"name":"other","namespace":"shop"},"spec":{"nodeName":"n2","serviceAccountName":"o","volumes":[{"name":"a","secret":{"secretName":"s-other"} }]} }""",
        """{"metadata":{"name":"mirror","namespace":"shop","annotations":{"kubernetes.io/config.mirror":"x"} },"spec":{"nodeName":"n1","volumes":[{"name":"a","secret":{"secretName":"s-mirror"} }]} }""",
        """{"metadata":{"name":"loose","namespace":"shop"},"spec":{"volumes":[{"name":"a","secret":{"secretName":"s-loose"} }]} }""",
    ];

    [Theory]
    [InlineData("get", "secrets", "s-pull s-env s-key s-init s-volume s-projected s-csi s-azure s-drive", "s-other s-mirror s-loose s-control absent")]
    [InlineData("watch", "secrets", "s-volume", "s-other")]
    [InlineData("list", "configmaps", "c-env c-key c-debug c-volume c-projected", "s-volume absent")]
    [InlineData("get", "persistentvolumeclaims", "data web-scratch", "absent scratch")]
    [InlineData("patch", "persistentvolumeclaims/status", "data", "absent")]
    [InlineData("get", "resourceclaims.resource.k8s.io", "d-named d-made", "t absent")]
    [InlineData("create", "serviceaccounts/token", "runner", "o default")]
    [InlineData("get", "serviceaccounts", "runner", "o default")]
    [InlineData("get", "pods", "web mirror", "other loose absent")]
    [InlineData("list", "pods", "web", "other")]
    public async Task Authorize_WhatAPodOfItsNodeNeeds_AndNothingElseOfItsNamespace(string verb, string resource, string allowed, string refused)
    {
        await using AccessWorld world = await StartAsync();

        Assert.All(allowed.Split(' '), name => Assert.True(May(world, verb, resource, "shop", name).Allowed, name));
        Assert.All(refused.Split(' '), name => Assert.Equal((false, None), Refusal(world, verb, resource, "shop", name)));
        Assert.All(allowed.Split(' '), name => Assert.False(May(world, verb, resource, "team", name).Allowed, name));
        Assert.All(allowed.Split(' '), name => Assert.False(May(world, verb, resource, "shop", name, node: "n2").Allowed, name));
    }

    [Theory]
    [InlineData("get", "persistentvolumes", "", "v", true)]
    [InlineData("get", "persistentvolumes", "", "w", false)]
    [InlineData("get", "secrets", "vault", "s-stage", true)]
    [InlineData("get", "secrets", "vault", "s-attach", false)]
    [InlineData("get", "volumeattachments.storage.k8s.io", "", "here", true)]
    [InlineData("get", "volumeattachments.storage.k8s.io", "", "there", false)]
    [InlineData("get", "resourceslices.resource.k8s.io", "", "mine", true)]
    [InlineData("delete", "resourceslices.resource.k8s.io", "", "theirs", false)]
    [InlineData("create", "resourceslices.resource.k8s.io", "", "", true)]
    [InlineData("create", "nodes", "", "", true)]
    [InlineData("get", "nodes", "", "n1", true)]
    [InlineData("watch", "nodes", "", "n1", true)]
    [InlineData("patch", "nodes/status", "", "n2", true)]
    [InlineData("delete", "nodes", "", "n1", false)]
    [InlineData("update", "pods/status", "shop", "other", true)]
    [InlineData("create", "pods/eviction", "shop", "other", true)]
    [InlineData("create", "pods/exec", "shop", "web", false)]
    [InlineData("patch", "pods", "shop", "web", false)]
    [InlineData("get", "leases.coordination.k8s.io", "kube-node-lease", "n1", true)]
    [InlineData("create", "leases.coordination.k8s.io", "kube-node-lease", "", true)]
    [InlineData("get", "csinodes.storage.k8s.io", "", "n1", true)]
    [InlineData("list", "services", "", "", true)]
    [InlineData("get", "runtimeclasses.node.k8s.io", "", "x", true)]
    [InlineData("create", "events", "shop", "", true)]
    [InlineData("create", "certificatesigningrequests.certificates.k8s.io", "", "", true)]
    [InlineData("create", "tokenreviews.authentication.k8s.io", "", "", true)]
    [InlineData("create", "configmaps", "shop", "c-env", false)]
    [InlineData("list", "deployments.apps", "shop", "", false)]
    public async Task Authorize_OfANode(string verb, string resource, string ns, string name, bool allowed)
    {
        await using AccessWorld world = await StartAsync();

        Assert.Equal(allowed, May(world, verb, resource, ns, name).Allowed);
        Assert.False(May(world, verb, resource, ns, name, groups: ["system:authenticated"]).Allowed);
    }

    [Theory]
    [InlineData("get", "nodes", "", "n2", "node 'n1' cannot read 'n2', only its own Node object")]
    [InlineData("list", "nodes", "", "", "node 'n1' cannot read all nodes, only its own Node object")]
    [InlineData("list", "secrets", "shop", "", "No Object name found")]
    [InlineData("list", "secrets", "", "s-env", "can only read namespaced object of this type")]
    [InlineData("update", "secrets", "shop", "s-env", "can only read resources of this type")]
    [InlineData("list", "persistentvolumeclaims", "shop", "data", "can only get individual resources of this type")]
    [InlineData("list", "pods", "shop", "", "can only list/watch pods with spec.nodeName field selector")]
    [InlineData("get", "leases.coordination.k8s.io", "kube-node-lease", "n2", "can only access node lease with the same name as the requesting node")]
    [InlineData("get", "leases.coordination.k8s.io", "shop", "n1", "can only access leases in the \"kube-node-lease\" system namespace")]
    [InlineData("list", "leases.coordination.k8s.io", "kube-node-lease", "n1", "can only get, create, update, patch, or delete a node lease")]
    [InlineData("list", "serviceaccounts", "shop", "runner", "can only create tokens for individual service accounts")]
    [InlineData("create", "serviceaccounts", "shop", "runner", "can only create token subresource of serviceaccount")]
    public async Task Authorize_Refused_SaysWhy(string verb, string resource, string ns, string name, string why)
    {
        await using AccessWorld world = await StartAsync();

        Assert.Equal((false, why), Refusal(world, verb, resource, ns, name));
    }

    [Theory]
    [InlineData("pods", "spec.nodeName=n1", true)]
    [InlineData("pods", "spec.nodeName=n1,status.phase!=Failed", true)]
    [InlineData("pods", "spec.nodeName!=n1", false)]
    [InlineData("pods", "spec.nodeName=n2", false)]
    [InlineData("resourceslices.resource.k8s.io", "nodeName=n1", true)]
    [InlineData("resourceslices.resource.k8s.io", "spec.nodeName=n1", false)]
    public async Task Authorize_AListOfItsNodeAlone_BySelector(string resource, string selector, bool allowed)
    {
        await using AccessWorld world = await StartAsync();

        Assert.Equal(allowed, May(world, "watch", resource, "", "", selector: selector).Allowed);
    }

    [Fact]
    public async Task Authorize_WhoeverIsNoNode_IsLeftToTheOthers()
    {
        await using AccessWorld world = await StartAsync();
        await world.GrantAsync(ClusterName.Root, "reader", "jane", """[{"verbs":["get"],"apiGroups":[""],"resources":["secrets"]}]""");

        Assert.True(world.May(AccessWorld.User("jane"), "get", "secrets", "shop", "s-env").Allowed);
        Assert.False(world.May(AccessWorld.User("system:node:n1"), "get", "secrets", "shop", "s-env").Allowed);
        Assert.Equal(new AuthorizationDecision(false, "unknown node for user \"system:node:\"") { Error = "" }, world.May(AccessWorld.User("system:node:", "system:nodes"), "get", "secrets", "shop", "s-env"));
        Assert.False(world.May(AccessWorld.In(AccessWorld.Shop, "system:node:n1", "system:nodes"), "get", "secrets", "shop", "s-env", cluster: ClusterName.Root).Allowed);
    }

    /// <summary>What is known of a pod goes with its version.</summary>
    [Fact]
    public async Task Authorize_PodThatGoes_TakesItsNeedsAlong()
    {
        await using AccessWorld world = await StartAsync();
        Assert.True(May(world, "get", "secrets", "shop", "s-env").Allowed);

        await world.PutAsync(ClusterName.Root, "pods", """{"metadata":{"name":"web","namespace":"shop"},"spec":{"nodeName":"n1"} }""");

        Assert.False(May(world, "get", "secrets", "shop", "s-env").Allowed);
        Assert.False(May(world, "get", "persistentvolumes", "", "v").Allowed);
        Assert.True(May(world, "get", "pods", "shop", "web").Allowed);
    }

    private static async Task<AccessWorld> StartAsync()
    {
        AccessWorld world = await AccessWorld.StartAsync(configure: options => options with { Authorizers = AuthorizationConfiguration.Of(["Node", "RBAC"], null) });
        foreach (string pod in Pods)
        {
            await world.PutAsync(ClusterName.Root, "pods", pod);
        }

        await world.PutAsync(ClusterName.Root, "persistentvolumes", """
            {"metadata":{"name":"v"},"spec":{"claimRef":{"namespace":"shop","name":"data"},
             "csi":{"driver":"x","nodePublishSecretRef":{"namespace":"shop","name":"s-drive"},"nodeStageSecretRef":{"namespace":"vault","name":"s-stage"},"controllerPublishSecretRef":{"namespace":"vault","name":"s-attach"} } } }
            """);
        await world.PutAsync(ClusterName.Root, "persistentvolumes", """{"metadata":{"name":"w"},"spec":{"claimRef":{"namespace":"shop","name":"unused"},"csi":{"driver":"x","nodePublishSecretRef":{"namespace":"shop","name":"s-control"} } } }""");
        foreach ((string name, string node) in ((string, string)[])[("here", "n1"), ("there", "n2")])
        {
            await world.PutAsync(ClusterName.Root, new GroupResource("storage.k8s.io", "volumeattachments"), $$"""{"metadata":{"name":"{{name}}"},"spec":{"nodeName":"{{node}}"} }""");
        }

        foreach ((string name, string node) in ((string, string)[])[("mine", "n1"), ("theirs", "n2")])
        {
            await world.PutAsync(ClusterName.Root, new GroupResource("resource.k8s.io", "resourceslices"), $$"""{"metadata":{"name":"{{name}}"},"spec":{"nodeName":"{{node}}"} }""");
        }

        return world;
    }

    private static (bool Allowed, string Reason) Refusal(AccessWorld world, string verb, string resource, string ns, string name) => May(world, verb, resource, ns, name) is var decision ? (decision.Allowed, decision.Reason) : default;

    /// <param name="resource">With its subresource behind a slash, or its group behind a dot.</param>
    private static AuthorizationDecision May(AccessWorld world, string verb, string resource, string ns, string name, string node = "n1", string[]? groups = null, string? selector = null)
    {
        string[] parts = resource.Split('/');
        string[] named = parts[0].Split('.', 2);
        return world.Access.Authorizer.Authorize(new AuthorizationAttributes
        {
            User = AccessWorld.User("system:node:" + node, groups ?? ["system:nodes"]),
            Cluster = ClusterName.Root,
            Verb = verb,
            Group = named.Length > 1 ? named[1] : "",
            Resource = named[0],
            Subresource = parts.Length > 1 ? parts[1] : "",
            Namespace = ns,
            Name = name,
            FieldSelector = SelectorLimit.OfFields(selector),
        });
    }
}
