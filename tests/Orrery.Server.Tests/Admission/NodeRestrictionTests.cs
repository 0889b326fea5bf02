using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Server.Authentication;
using Orrery.Server.Authorization.Webhook;
using Orrery.Testing;
using static Orrery.Server.Tests.Admission.AdmissionWorld;

namespace Orrery.Server.Tests.Admission;

/// <summary>A kubelet and what is not its own.</summary>
public sealed class NodeRestrictionTests
{
    private static readonly CancellationToken Token = ServerFixture.Token;
    private static readonly GroupVersionResource Nodes = new("", "v1", "nodes"), Leases = new("coordination.k8s.io", "v1", "leases"), Accounts = new("", "v1", "serviceaccounts");
    private static readonly GroupVersionResource Slices = new("resource.k8s.io", "v1", "resourceslices"), Requests = new("certificates.k8s.io", "v1", "certificatesigningrequests");

    [Fact]
    public async Task Node_IsItsOwnAlone_WithoutTaintsAndLabelsThatLeadPodsThere()
    {
        await using TestServer server = await StartAsync();
        using KubeClient n1 = Kubelet(server, "n1");

        Assert.Equal("nodes \"n2\" is forbidden: node \"n1\" is not allowed to modify node \"n2\"", await WhyAsync(() => n1.CreateAsync(Nodes, "", Json("""{"metadata":{"name":"n2"}}"""), Token)));
        Assert.Equal(
            "nodes \"n1\" is forbidden: node \"n1\" is not allowed to set the following labels: a.node-restriction.kubernetes.io/x, node-role.kubernetes.io/control-plane, team.k8s.io/x",
            await WhyAsync(() => n1.CreateAsync(Nodes, "", Json(
                """{"metadata":{"name":"n1","labels":{"team.k8s.io/x":"","node-role.kubernetes.io/control-plane":"","a.node-restriction.kubernetes.io/x":"","example.com/x":""}}}"""), Token)));
        await n1.CreateAsync(Nodes, "", Json(
            """{"metadata":{"name":"n1","labels":{"kubernetes.io/hostname":"n1","kubelet.kubernetes.io/x":"","a.node.kubernetes.io/x":"","example.com/x":"","plain":""}},"spec":{"taints":[{"key":"k","effect":"NoSchedule"}]}}"""), Token);

        await n1.PatchAsync(Nodes, "", "n1", PatchKind.Merge, Json("""{"status":{"capacity":{"cpu":"4"}}}"""), Token, "status");
        Assert.Equal("nodes \"n1\" is forbidden: node \"n1\" is not allowed to modify taints", await WhyAsync(() => n1.PatchAsync(Nodes, "", "n1", PatchKind.Merge, Json("""{"spec":{"taints":null}}"""), Token)));
        Assert.Equal(
            "nodes \"n1\" is forbidden: is not allowed to modify labels: node-role.kubernetes.io/x",
            await WhyAsync(() => n1.PatchAsync(Nodes, "", "n1", PatchKind.Merge, Json("""{"metadata":{"labels":{"node-role.kubernetes.io/x":"","plain":null}}}"""), Token)));
        await server.Admin.PatchAsync(Nodes, "", "n1", PatchKind.Merge, Json("""{"metadata":{"labels":{"node-role.kubernetes.io/x":""}},"spec":{"taints":null}}"""), Token);
        Assert.Equal("n1", (await n1.GetAsync(Nodes, "", "n1", Token)).Name);
    }

    [Fact]
    public async Task Pods_AreThoseThatAreBoundToIt()
    {
        await using TestServer server = await StartAsync();
        using KubeClient n1 = Kubelet(server, "n1");
        string uid = (await server.Admin.CreateAsync(Nodes, "", Json("""{"metadata":{"name":"n1"}}"""), Token)).Uid;
        await BoundAsync(server, "mine", "n1");
        await BoundAsync(server, "theirs", "n2");

        // 1. What it makes itself shows what it runs, and leads to nothing.
        JsonObject Mirror(string more = "", string owner = "") => Json($$"""
            {"metadata":{"name":"m","annotations":{"kubernetes.io/config.mirror":"x"},"ownerReferences":[{"apiVersion":"v1","kind":"Node","name":"n1","uid":"{{uid}}","controller":true{{owner}} }]},
             "spec":{"nodeName":"n1","containers":[{"name":"c","image":"i:1"}]{{more}} } }
            """);
        JsonObject plain = Mirror();
        plain.Metadata.Remove("annotations");
        Assert.Equal("pods \"m\" is forbidden: pod does not have \"kubernetes.io/config.mirror\" annotation, node \"n1\" can only create mirror pods", await WhyAsync(() => n1.CreateAsync(ServerFixture.Pods, "default", plain, Token)));
        foreach ((JsonObject pod, string why) in ((JsonObject, string)[])
        [
            (Mirror(owner: ",\"blockOwnerDeletion\":true"), "node \"n1\" must not set blockOwnerDeletion on an owner reference"),
            (Mirror(",\"serviceAccountName\":\"default\""), "node \"n1\" can not create pods that reference a service account"),
            (Mirror(",\"volumes\":[{\"name\":\"v\",\"secret\":{\"secretName\":\"s\"}}]"), "node \"n1\" can not create pods that reference secrets"),
            (Mirror(",\"volumes\":[{\"name\":\"v\",\"configMap\":{\"name\":\"s\"}}]"), "node \"n1\" can not create pods that reference configmaps"),
            (Mirror(",\"volumes\":[{\"name\":\"v\",\"persistentVolumeClaim\":{\"claimName\":\"s\"}}]"), "node \"n1\" can not create pods that reference persistentvolumeclaims"),
        ])
        {
            Assert.Equal("pods \"m\" is forbidden: " + why, await WhyAsync(() => n1.CreateAsync(ServerFixture.Pods, "default", pod, Token)));
        }

        await n1.CreateAsync(ServerFixture.Pods, "default", Mirror(), Token);

        // 2. Status, eviction and deletion.
        await n1.PatchAsync(ServerFixture.Pods, "default", "mine", PatchKind.Merge, Json("""{"status":{"phase":"Running"}}"""), Token, "status");
        Assert.Equal(
            "pods \"theirs\" is forbidden: node \"n1\" can only update pod status for pods with spec.nodeName set to itself",
            await WhyAsync(() => n1.PatchAsync(ServerFixture.Pods, "default", "theirs", PatchKind.Merge, Json("""{"status":{"phase":"Running"}}"""), Token, "status")));
        Assert.Equal(
            "pods \"mine\" is forbidden: node \"n1\" cannot update labels through pod status",
            await WhyAsync(() => n1.PatchAsync(ServerFixture.Pods, "default", "mine", PatchKind.Merge, Json("""{"metadata":{"labels":{"a":"b"}}}"""), Token, "status")));
        Assert.Equal(
            "pods \"theirs\" is forbidden: node n1 can only evict pods with spec.nodeName set to itself",
            await WhyAsync(() => n1.CreateAsync(ServerFixture.Pods, "default", Json("""{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"theirs"}}"""), Token, "theirs", "eviction")));
        Assert.Equal("pods \"theirs\" is forbidden: node \"n1\" can only delete pods with spec.nodeName set to itself", await WhyAsync(() => n1.DeleteAsync(ServerFixture.Pods, "default", "theirs", null, Token)));
        await n1.DeleteAsync(ServerFixture.Pods, "default", "mine", new DeleteQuery { GracePeriodSeconds = 0 }, Token);
    }

    [Fact]
    public async Task Tokens_AreForPodsThatAreBoundToIt_AndForWhomThoseSay()
    {
        await using TestServer server = await StartAsync();
        using KubeClient n1 = Kubelet(server, "n1");
        KubeObject mine = await BoundAsync(server, "mine", "n1", ",\"volumes\":[{\"name\":\"t\",\"projected\":{\"sources\":[{\"serviceAccountToken\":{\"path\":\"t\",\"audience\":\"vault\"}}]}}]"), theirs = await BoundAsync(server, "theirs", "n2");

        Task<KubeObject> AskAsync(string spec) => n1.CreateAsync(Accounts, "default", Json($$"""{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{{{spec}} } }"""), Token, "default", "token");
        string For(KubeObject pod, string uid = "") => $$""" "boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"{{pod.Name}}","uid":"{{(uid.Length > 0 ? uid : pod.Uid)}}"} """;

        Assert.NotEmpty((await AskAsync(For(mine))).TextAt("status", "token")!);
        Assert.NotEmpty((await AskAsync(For(mine) + ",\"audiences\":[\"vault\"]")).TextAt("status", "token")!);
        Assert.EndsWith("node requested token not bound to a pod", await WhyAsync(() => AskAsync("")), StringComparison.Ordinal);
        Assert.EndsWith("node requested token bound to a pod scheduled on a different node", await WhyAsync(() => AskAsync(For(theirs))), StringComparison.Ordinal);
        Assert.Contains("the UID in the bound object reference (other) does not match", await WhyAsync(() => AskAsync(For(mine, "other"))), StringComparison.Ordinal);
        Assert.Contains("audience \"bank\" not found in pod spec volume", await WhyAsync(() => AskAsync(For(mine) + ",\"audiences\":[\"bank\"]")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task LeasesSlicesAndCertificates_AreItsOwn()
    {
        await using TestServer server = await StartAsync();
        using KubeClient n1 = Kubelet(server, "n1");

        await n1.CreateAsync(Leases, "kube-node-lease", Json("""{"metadata":{"name":"n1"}}"""), Token);
        Assert.EndsWith("can only access node lease with the same name as the requesting node", await WhyAsync(() => n1.CreateAsync(Leases, "kube-node-lease", Json("""{"metadata":{"name":"n2"}}"""), Token)), StringComparison.Ordinal);
        JsonObject Slice(string node) => Json($$"""{"metadata":{"name":"s-{{node}}"},"spec":{"nodeName":"{{node}}","driver":"d.example.com","pool":{"name":"p","generation":1,"resourceSliceCount":1} } }""");
        await n1.CreateAsync(Slices, "", Slice("n1"), Token);
        Assert.EndsWith("can only create ResourceSlice with the same NodeName as the requesting node", await WhyAsync(() => n1.CreateAsync(Slices, "", Slice("n2"), Token)), StringComparison.Ordinal);
        await n1.CreateAsync(Requests, "", Request("mine", "system:node:n1"), Token);
        Assert.EndsWith("can only create a node CSR with CN=system:node:n1", await WhyAsync(() => n1.CreateAsync(Requests, "", Request("theirs", "system:node:n2"), Token)), StringComparison.Ordinal);
    }

    private static JsonObject Request(string name, string subject)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string pem = new CertificateRequest(new X500DistinguishedName($"O=system:nodes, CN={subject}"), key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
        return Json($$"""
            {"metadata":{"name":"{{name}}"},"spec":{"request":"{{Convert.ToBase64String(Encoding.ASCII.GetBytes(pem))}}","signerName":"kubernetes.io/kube-apiserver-client-kubelet","usages":["digital signature","client auth"]} }
            """);
    }

    private static Task<KubeObject> BoundAsync(TestServer server, string name, string node, string more = "") => server.Admin.CreateAsync(
        ServerFixture.Pods, "default", Json($$"""{"metadata":{"name":"{{name}}"},"spec":{"nodeName":"{{node}}","containers":[{"name":"c","image":"i:1"}]{{more}} } }"""), Token);

    private static async Task<string> WhyAsync(Func<Task> write)
    {
        StatusException refusal = await RefusalAsync(write);
        Assert.Equal(403, refusal.Code);
        return refusal.Message;
    }

    private static KubeClient Kubelet(TestServer server, string node) => new(server.Config(server.Certificate("system:node:" + node, ["system:nodes"], ClusterScope.Root)));

    private static async Task<TestServer> StartAsync()
    {
        TestServer server = await TestServer.StartAsync(new TestServerOptions { Configure = options => options with { RestrictsNodes = true, Authorizers = AuthorizationConfiguration.Of(["Node", "RBAC"], null) } }, Token);
        await AccountAsync(server);
        return server;
    }

    private static Task AccountAsync(TestServer server) =>
        Orrery.Testing.Eventually.TrueAsync(async () => await server.Admin.FindAsync(Accounts, "default", "default", Token) is not null, "the default account is there");
}
