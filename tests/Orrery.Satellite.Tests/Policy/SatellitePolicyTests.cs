using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Satellite.Policy;

namespace Orrery.Satellite.Tests.Policy;

/// <summary>What the owner of a cluster can hold back.</summary>
public sealed class SatellitePolicyTests
{
    private static readonly GroupKind Deployment = new("apps", "Deployment");
    private static readonly GroupKind Secret = new("", "Secret");
    private static readonly GroupKind Namespace = new("", "Namespace");

    [Fact]
    public void Of_NoConfigMap_HoldsNothingBack()
    {
        SatellitePolicy policy = SatellitePolicy.Of(null);

        Assert.Null(policy.Denies(Deployment, "acme-shop-default"));
        Assert.Null(policy.DeniesPod("exec", "acme-shop-default"));
        Assert.Null(policy.DeniesProxy("DELETE", Pods, false));
        Assert.Equal("", policy.Summary);
    }

    [Theory]
    [InlineData("acme-shop-default", true)]
    [InlineData("acme-other", true)]
    [InlineData("globex-shop-default", false)]
    [InlineData("tools", true)]
    [InlineData("tools2", false)]
    public void Denies_Namespaces_ByPattern(string ns, bool allowed)
    {
        SatellitePolicy policy = Policy(("namespaces", "acme-*, tools"));

        Assert.Equal(allowed, policy.Denies(Deployment, ns) is null);
        Assert.Equal(allowed, policy.Denies(Namespace, ns) is null);
        Assert.Equal(allowed, policy.DeniesPod("log", ns) is null);
    }

    [Fact]
    public void Denies_Namespaces_NothingOfNoNamespace() => Assert.NotNull(Policy(("namespaces", "*")).Denies(new GroupKind("rbac.authorization.k8s.io", "ClusterRole"), ""));

    [Fact]
    public void Denies_Kinds_OnlyThoseAllowed()
    {
        SatellitePolicy policy = Policy(("kinds", "Deployment.apps Service"));

        Assert.Null(policy.Denies(Deployment, "a"));
        Assert.Null(policy.Denies(Namespace, "a"));
        Assert.Equal("kind Secret is not among the allowed ones", policy.Denies(Secret, "a"));
        Assert.NotNull(policy.Denies(new GroupKind("example.test", "Deployment"), "a"));
    }

    [Fact]
    public void Denies_DeniedKinds_AllOthersPass()
    {
        SatellitePolicy policy = Policy(("deniedKinds", "Secret"));

        Assert.Equal("kind Secret is denied", policy.Denies(Secret, "a"));
        Assert.Null(policy.Denies(Deployment, "a"));
    }

    [Theory]
    [InlineData("acme-shop-default", true)]
    [InlineData("tools", true)]
    [InlineData("globex-web-default", false)]
    public void Denies_DeniedKindsInNamespaces_NotElsewhere(string ns, bool denied)
    {
        SatellitePolicy policy = Policy(("deniedKinds", "NetworkPolicy.networking.k8s.io/acme-*, NetworkPolicy.networking.k8s.io/tools"));

        Assert.Equal(denied ? $"kind NetworkPolicy.networking.k8s.io is denied in namespace {ns}" : null, policy.Denies(new GroupKind("networking.k8s.io", "NetworkPolicy"), ns));
        Assert.Null(policy.Denies(Deployment, ns));
    }

    [Theory]
    [InlineData("Secret/")]
    [InlineData("Secret/A")]
    [InlineData("/acme")]
    public void Of_DeniedKindsThatCannotBeRead_HoldsEverythingBack(string value) => Assert.NotNull(Policy(("deniedKinds", value)).Fault);

    [Theory]
    [InlineData("Paused", true, true)]
    [InlineData("ReadOnly", true, false)]
    [InlineData("Disabled", false, false)]
    public void Mode_OtherThanEnabled_ChangesNothing(string mode, bool logs, bool exec)
    {
        SatellitePolicy policy = Policy(("mode", mode));

        Assert.Equal($"mode is {mode}", policy.Denies(Deployment, "a"));
        Assert.Equal(logs, policy.DeniesPod("log", "a") is null);
        Assert.Equal(exec, policy.DeniesPod("exec", "a") is null);
        Assert.NotNull(policy.DeniesProxy("POST", Pods, false));
        Assert.Equal(mode != "Disabled", policy.DeniesProxy("GET", Pods, false) is null);
    }

    [Theory]
    [InlineData("exec", "exec", true)]
    [InlineData("exec", "attach", true)]
    [InlineData("exec", "log", false)]
    [InlineData("logs", "log", true)]
    [InlineData("logs", "exec", false)]
    [InlineData("portForward", "portforward", true)]
    [InlineData("portForward", "proxy", true)]
    public void DeniesPod_SwitchedOff_DeniesThatAlone(string key, string subresource, bool denied) =>
        Assert.Equal(denied, Policy((key, "false")).DeniesPod(subresource, "a") is not null);

    [Theory]
    [InlineData("namespaces", "acme-*")]
    [InlineData("kinds", "Service")]
    [InlineData("deniedKinds", "Secret")]
    [InlineData("proxy", "false")]
    public void DeniesProxy_WhatIsNarrowed_CannotBeWalkedAround(string key, string value) => Assert.NotNull(Policy((key, value)).DeniesProxy("GET", Pods, false));

    [Fact]
    public void DeniesProxy_ExecOff_DeniesStreams()
    {
        Assert.NotNull(Policy(("exec", "false")).DeniesProxy("GET", Pods, isStream: true));
        Assert.Null(Policy(("exec", "false")).DeniesProxy("GET", Pods, isStream: false));
    }

    /// <summary>What the owner forbids for pods of virtual clusters is not had by asking the cluster's API for it.</summary>
    [Theory]
    [InlineData("logs", "false", "GET", "/api/v1/namespaces/a/pods/web/log")]
    [InlineData("logs", "false", "GET", "/api/v1/namespaces/a/pods/web/%6cog")]
    [InlineData("logs", "false", "GET", "/api/v1/namespaces/a//pods/web%2flog/")]
    [InlineData("logs", "false", "GET", "/api/v1/nodes/n1/proxy/containerLogs/a/web/main")]
    [InlineData("exec", "false", "POST", "/api/v1/namespaces/a/pods/web/exec")]
    [InlineData("exec", "false", "POST", "/api/v1/namespaces/a/pods/web/attach")]
    [InlineData("exec", "false", "PATCH", "/api/v1/namespaces/a/pods/web/ephemeralcontainers")]
    [InlineData("exec", "false", "POST", "/api/v1/nodes/n1/proxy/run/a/web/main")]
    [InlineData("portForward", "false", "GET", "/api/v1/namespaces/a/pods/web:80/proxy/")]
    [InlineData("portForward", "false", "POST", "/api/v1/namespaces/a/services/web/proxy/orders")]
    [InlineData("portForward", "false", "POST", "/api/v1/namespaces/a/pods/web/portforward")]
    [InlineData("mode", "ReadOnly", "GET", "/api/v1/namespaces/a/pods/web/proxy/")]
    [InlineData("mode", "ReadOnly", "GET", "/api/v1/namespaces/a/services/web/proxy/")]
    [InlineData("mode", "ReadOnly", "GET", "/api/v1/nodes/n1/proxy/pods")]
    public void DeniesProxy_WhatIsForbiddenForPods_IsForbiddenHereToo(string key, string value, string method, string path)
    {
        Assert.NotNull(Policy((key, value)).DeniesProxy(method, ApiTarget.Of(path), isStream: false));
        Assert.Null(SatellitePolicy.Open.DeniesProxy(method, ApiTarget.Of(path), isStream: false));
        Assert.Null(Policy((key, value)).DeniesProxy("GET", ApiTarget.Of("/api/v1/namespaces/a/pods/web"), isStream: false));
    }

    /// <summary>The policy, the record and the satellite's key are in its namespace: who asks through it changes nothing there, and does not see the key.</summary>
    [Theory]
    [InlineData("DELETE", "/api/v1/namespaces/orrery-system/configmaps/satellite-policy")]
    [InlineData("PATCH", "/api/v1/namespaces/orrery-system/configmaps/satellite-log-00000001")]
    [InlineData("DELETE", "/api/v1/namespaces/orrery-system/configmaps")]
    [InlineData("PUT", "/api/v1/namespaces/orrery%2dsystem/configmaps/satellite-policy")]
    [InlineData("DELETE", "/api/v1/namespaces/orrery-system")]
    [InlineData("PUT", "/api/v1/namespaces/orrery-system/finalize")]
    [InlineData("GET", "/api/v1/namespaces/orrery-system/secrets/orrery-satellite")]
    [InlineData("GET", "/api/v1/namespaces/orrery-system/secrets")]
    [InlineData("GET", "/api/v1/watch/namespaces/orrery-system/secrets")]
    [InlineData("POST", "/api/v1/namespaces/orrery-system/serviceaccounts/orrery-satellite/token")]
    [InlineData("PATCH", "/apis/apps/v1/namespaces/orrery-system/deployments/orrery-satellite")]
    public void DeniesProxy_OwnNamespace_IsItsOwners(string method, string path) =>
        Assert.Equal("namespace orrery-system is the satellite's own, and its owner's", SatellitePolicy.Open.DeniesProxy(method, ApiTarget.Of(path), isStream: false));

    [Theory]
    [InlineData("GET", "/api/v1/namespaces/orrery-system/configmaps/satellite-policy", false, true)]
    [InlineData("GET", "/api/v1/namespaces/orrery-system/pods/satellite-1/log", false, true)]
    [InlineData("GET", "/api/v1/namespaces/orrery-system/pods/satellite-1/exec", true, false)]
    [InlineData("PATCH", "/api/v1/namespaces/acme-shop-default/configmaps/satellite-policy", false, true)]
    [InlineData("GET", "/version", false, true)]
    public void DeniesProxy_OfOwnNamespace_MayBeReadButForSecretsAndStreams(string method, string path, bool isStream, bool allowed) =>
        Assert.Equal(allowed, SatellitePolicy.Open.DeniesProxy(method, ApiTarget.Of(path), isStream) is null);

    /// <summary>Also not by what is wanted there.</summary>
    [Fact]
    public void Denies_OwnNamespace_WhateverThePolicySays()
    {
        Assert.NotNull(SatellitePolicy.Open.Denies(new GroupKind("", "ConfigMap"), "orrery-system"));
        Assert.NotNull(Policy(("namespaces", "orrery-system")).Denies(new GroupKind("", "Namespace"), "orrery-system"));
    }

    [Theory]
    [InlineData("mode", "paused", "data.mode: \"paused\" is none of Enabled, Paused, ReadOnly, Disabled")]
    [InlineData("mode", "1", "data.mode: \"1\" is none of Enabled, Paused, ReadOnly, Disabled")]
    [InlineData("exec", "no", "data.exec: \"no\" is neither true nor false")]
    [InlineData("pods", "x", "data.pods: unknown; known are mode, namespaces, kinds, deniedKinds, logs, exec, portForward, proxy, removeOf")]
    [InlineData("removeOf", "edge", "data.removeOf: \"edge\" does not match ^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|unmarked)$")]
    [InlineData("removeOf", "", "data.removeOf: is empty; leave it out to allow all")]
    [InlineData("kinds", "", "data.kinds: is empty; leave it out to allow all")]
    [InlineData("deniedKinds", "Secrets", "data.deniedKinds: \"Secrets\" is no kind; those without a group are ConfigMap, Endpoints, Event, LimitRange, Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod, PodTemplate, ReplicationController, ResourceQuota, Secret, Service, ServiceAccount")]
    [InlineData("deniedKinds", "Secret, Deployment/acme-*", "data.deniedKinds: \"Deployment\" lacks its group; it is written Deployment.apps")]
    [InlineData("kinds", "Jobs.batch", "data.kinds: \"Jobs.batch\" is no kind; group batch has CronJob, Job")]
    public void Of_Unreadable_HoldsEverythingBack(string key, string value, string fault)
    {
        SatellitePolicy policy = Policy((key, value));

        Assert.Equal(fault, policy.Fault);
        Assert.Equal($"the policy cannot be read: {fault}", policy.Denies(Deployment, "a"));
        Assert.NotNull(policy.DeniesPod("log", "a"));
        Assert.NotNull(policy.DeniesPod("exec", "a"));
        Assert.NotNull(policy.DeniesProxy("GET", Pods, false));
    }

    private static ApiTarget Pods => ApiTarget.Of("/api/v1/pods");

    private static SatellitePolicy Policy(params (string Key, string Value)[] data) => SatellitePolicy.Of(KubeObject.From(new JsonObject
    {
        ["apiVersion"] = "v1",
        ["kind"] = "ConfigMap",
        ["metadata"] = new JsonObject { ["name"] = PolicyWatch.Name },
        ["data"] = new JsonObject(data.Select(d => KeyValuePair.Create(d.Key, (JsonNode?)d.Value))),
    }));
}
