using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Tests.Road;
using Orrery.Server.Authentication;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Attacks;

/// <summary>Whoever has the certificate of one satellite: nothing of another data plane or tenant is seen, changed or believed.</summary>
public sealed class SatelliteAttacks
{
    private const string Own = "/apis/orrery.dev/v1alpha1";
    private static readonly ClusterName Globex = new("globex", "shop");
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    /// <summary>Method, path and body; none is allowed.</summary>
    private static readonly (string Method, string Path, string Body)[] Attempts =
    [
        // What others must run, and what they told.
        ("GET", $"{Own}/works", ""), ("GET", $"{Own}/works?watch=true", ""), ("GET", $"{Own}/namespaces/dp-ny8-nyc/works", ""), ("GET", $"{Own}/observations", ""),
        ("GET", $"{Own}/namespaces/dp-ny8-nyc/observations", ""), ("POST", $"{Own}/namespaces/dp-ny8-nyc/observations", "{}"), ("DELETE", $"{Own}/namespaces/dp-ny8-nyc/observations", ""),
        ("GET", $"{Own}/namespaces/dp-ny8-nyc/tenancies", ""), ("GET", $"{Own}/tenancies", ""),

        // What it must run itself is the control plane's to say.
        ("POST", $"{Own}/namespaces/dp-pa2-par/works", "{}"), ("DELETE", $"{Own}/namespaces/dp-pa2-par/works", ""), ("POST", $"{Own}/namespaces/dp-pa2-par/tenancies", "{}"),

        // The fleet, and those who use it.
        ("GET", $"{Own}/dataplanes", ""), ("GET", $"{Own}/dataplanes/ny8-nyc", ""), ("PATCH", $"{Own}/dataplanes/ny8-nyc/status", "{}"), ("PATCH", $"{Own}/dataplanes/pa2-par", """{"spec":{"access":"Shared"}}"""),
        ("DELETE", $"{Own}/dataplanes/pa2-par", ""), ("GET", $"{Own}/dataplanes/ny8-nyc/tunnel", ""), ("GET", $"{Own}/dataplanes/ny8-nyc/proxy/api/v1/secrets", ""),
        ("GET", $"{Own}/dataplanes/pa2-par/proxy/api/v1/secrets", ""), ("GET", $"{Own}/dataplanes/ny8-nyc/relay/readyz", ""), ("GET", $"{Own}/tenants", ""), ("GET", $"{Own}/virtualclusters", ""),
        ("GET", $"{Own}/namespaces/acme/virtualclusters", ""), ("GET", $"{Own}/installations", ""), ("GET", $"{Own}/releases", ""), ("GET", "/apis/internal.orrery.dev/v1alpha1/logicalclusters", ""),

        // Secrets, accounts and their tokens, roles, leases.
        ("GET", "/api/v1/secrets", ""), ("GET", "/api/v1/namespaces/dp-pa2-par/secrets", ""), ("GET", "/api/v1/namespaces/acme/secrets", ""), ("GET", "/api/v1/namespaces/dp-pa2-par/configmaps", ""),
        ("GET", "/api/v1/namespaces/dp-ny8-nyc/configmaps/kube-root-ca.crt", ""), ("POST", "/api/v1/namespaces/dp-pa2-par/serviceaccounts", """{"metadata":{"name":"join-me"}}"""),
        ("POST", "/api/v1/namespaces/dp-pa2-par/serviceaccounts/default/token", "{}"), ("POST", "/api/v1/namespaces/dp-ny8-nyc/serviceaccounts/default/token", "{}"),
        ("POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/dp-pa2-par/rolebindings", """{"metadata":{"name":"x"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"}}"""),
        ("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles", ""), ("GET", "/apis/coordination.k8s.io/v1/leases", ""), ("GET", "/apis/coordination.k8s.io/v1/namespaces/dp-pa2-par/leases", ""),
        ("DELETE", "/apis/coordination.k8s.io/v1/namespaces/dp-ny8-nyc/leases", ""), ("GET", "/api/v1/namespaces", ""), ("POST", "/api/v1/namespaces", """{"metadata":{"name":"dp-mine"}}"""),

        // Certificates: others' requests are found by nobody, and none is approved by it.
        ("GET", "/apis/certificates.k8s.io/v1/certificatesigningrequests", ""), ("GET", "/apis/certificates.k8s.io/v1/certificatesigningrequests?watch=true", ""),
        ("PUT", "/apis/certificates.k8s.io/v1/certificatesigningrequests/x/approval", "{}"), ("POST", "/apis/authentication.k8s.io/v1/tokenreviews", """{"spec":{"token":"x"}}"""),
    ];

    [Fact]
    public async Task Certificate_OfOneSatellite_ReachesNothingOfAnother()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par", "ny8-nyc");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient globex = await fleet.AddVirtualClusterAsync(Globex, "ny8-nyc");
        await globex.CreateAsync(ConfigMaps, "default", Json("""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "canary"}, "data": {"secret": "nobody-else"}}"""), default);
        await Eventually.SomeAsync(() => fleet.DataPlanes["ny8-nyc"].Client.FindAsync(ConfigMaps, "globex-shop-default", "canary", default), "globex runs in ny8-nyc");
        ClientConfig config = fleet.ControlPlane.Config(fleet.ControlPlane.Certificate(OrreryNames.SatelliteUser("pa2-par"), [OrreryNames.SatelliteGroup], ClusterScope.Root));
        using var http = new HttpClient(ClientHandler.Create(config)) { BaseAddress = config.Server };

        // 1. In root.
        var passed = new List<string>();
        foreach ((string method, string path, string body) in Attempts)
        {
            (int code, string answer) = await SendAsync(http, method, path, body);
            if (code != 403 || answer.Contains("nobody-else", StringComparison.Ordinal))
            {
                passed.Add($"{method} {path}: {code} {answer}");
            }
        }

        Assert.Empty(passed);

        // 2. In no virtual cluster is it anybody, and it becomes nobody else.
        foreach (string path in (string[])["/clusters/acme/shop/api/v1/namespaces", "/clusters/globex/shop/api/v1/namespaces/default/configmaps/canary", "/clusters/*/api/v1/configmaps"])
        {
            Assert.Equal(401, (await SendAsync(http, "GET", path, "")).Code);
        }

        foreach ((string header, string value) in ((string, string)[])[("Impersonate-User", "orrery-admin"), ("Impersonate-User", OrreryNames.SatelliteUser("ny8-nyc")), ("Impersonate-Group", "system:masters")])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{Own}/works");
            request.Headers.Add(header, value);
            using HttpResponseMessage answer = await http.SendAsync(request);
            Assert.True((int)answer.StatusCode is 400 or 403, $"{header}: {value} was answered {(int)answer.StatusCode}");
        }

        // 3. What it tells of a virtual cluster that does not run there is not believed; of its own it is.
        await shop.CreateAsync(ConfigMaps, "default", Json("""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "here"}}"""), default);
        await Eventually.SomeAsync(() => fleet.DataPlanes["pa2-par"].Client.FindAsync(ConfigMaps, "acme-shop-default", "here", default), "acme runs in pa2-par", TimeSpan.FromSeconds(60));

        // The rightful satellite would take back what it did not see itself.
        await fleet.StopSatelliteAsync("pa2-par");
        await ObserveAsync(http, "forged", Globex);
        await ObserveAsync(http, "true", TestFleet.Shop);
        await Eventually.SomeAsync(() => shop.FindAsync(CoreResources.Pods, "default", "true.pa2-par", default), "what it may tell", TimeSpan.FromSeconds(60));
        Assert.Empty((await globex.ListAsync(CoreResources.Pods, "", null, default)).Items);
        Assert.Equal("nobody-else", (await globex.GetAsync(ConfigMaps, "default", "canary", default)).TextAt("data", "secret"));
    }

    private static async Task ObserveAsync(HttpClient http, string name, ClusterName cluster)
    {
        (int code, string answer) = await SendAsync(http, "POST", $"{Own}/namespaces/dp-pa2-par/observations", $$"""
            {"apiVersion": "orrery.dev/v1alpha1", "kind": "Observation", "metadata": {"name": "{{name}}"},
             "spec": {"source": {"cluster": "{{cluster}}", "apiVersion": "v1", "kind": "Pod", "namespace": "default", "name": "{{name}}"},
              "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "{{name}}", "namespace": "default", "uid": "7f2a1c00-0000-4000-8000-000000000001"},
               "spec": {"containers": [{"name": "c", "image": "example.test/web:1"}]} } } }
            """);
        Assert.True(code == 201, answer);
    }

    private static async Task<(int Code, string Answer)> SendAsync(HttpClient http, string method, string path, string body)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body.Length > 0)
        {
            request.Content = new StringContent(body, System.Text.Encoding.UTF8, method == "PATCH" ? "application/merge-patch+json" : "application/json");
        }

        using HttpResponseMessage answer = await http.SendAsync(request);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static JsonObject Json(string text) => JsonNode.Parse(text)!.AsObject();
}
