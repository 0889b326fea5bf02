using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Tests.KubeApiServer;

namespace Orrery.Tests.EndToEnd;

/// <summary>What is applied to clusters to run Orrery in them: the kustomizations of <c>deploy/</c>, and what the command line prints.</summary>
[Collection(VendorCollection.Name)]
public sealed class DeployTests(Vendor vendor)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Manifests_OnAKubernetes_AreTakenWholeAndMeetRestricted()
    {
        Kubectl.Require();
        await using StandIn cluster = await StandIn.StartAsync();
        Kubectl owner = cluster.KubectlAs("owner", "system:masters");
        var args = new List<string[]>();
        foreach (string variant in (string[])["controllers", "base", "etcd"])
        {
            // What a StatefulSet is made with it keeps: the variants are installations of their own.
            await owner.TryAsync("delete statefulset orrery -n orrery-system");
            await owner.RunAsync($"apply --validate=strict -k {Path.Combine(Repository.Root, "deploy", variant)}");
            args.AddRange(await PodsAsync(owner, "orrery-system"));
        }

        // The controllers hand out rights, and for that must have them.
        Assert.Equal("yes", (await owner.RunAsync("auth can-i * * --all-namespaces --as system:serviceaccount:orrery-system:orrery-controllers")).Trim());

        // What a data plane and a tenant's own cluster get, in the same namespace with the same demands.
        foreach (string[] printed in (string[][])[["data-plane", "add", "printed"], ["private", "install", "--tenant", "printed", "--name", "printed-own", "--chart-volume", "1Gi"]])
        {
            await vendor.OrreryAsync("tenant", "create", "printed");
            await owner.RunAsync("apply --validate=strict -f -", (await vendor.OrreryAsync(printed)).Succeeded());
        }

        args.AddRange(await PodsAsync(owner, "orrery-system"));
        Assert.Equal("1Gi", await owner.RunAsync("get pvc orrery-private-charts -n orrery-system -o jsonpath={.spec.resources.requests.storage}"));

        // What the pods run are commands that there are.
        string[] commands = [.. args.Select(a => a[0] == "private" || a[0] == "pki" ? $"{a[0]} {a[1]}" : a[0]).Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(["controllers", "pki import", "private run", "satellite", "serve"], commands);
        foreach (string[] one in args)
        {
            Assert.Equal([], CommandLine.Create().Parse(one).Errors.Select(e => $"{string.Join(' ', one)}: {e.Message}"));
        }
    }

    /// <summary>A cluster's owner can have the API server hold a satellite to what is Orrery's, also one that means ill: what it does beside its work is refused, and its work is not.</summary>
    [Fact]
    public async Task Fence_OfAClustersOwner_HoldsTheSatelliteToNamespacesOfOrrery()
    {
        Kubectl.Require();
        await using StandIn cluster = await StandIn.StartAsync();
        Kubectl owner = cluster.KubectlAs("owner", "system:masters");
        await owner.RunAsync("apply --validate=strict -f -", (await vendor.OrreryAsync(["data-plane", "add", "fenced"])).Succeeded());
        const string As = " --as system:serviceaccount:orrery-system:orrery-satellite";
        const string Its = """{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "acme-shop-default", "labels": {"app.kubernetes.io/managed-by": "orrery"} } }""";
        await owner.RunAsync("create namespace theirs");
        await owner.RunAsync("create configmap satellite-policy -n orrery-system --from-literal=mode=ReadOnly");
        await owner.RunAsync("create -f -" + As, Its);
        string[] beyond =
        [
            "create configmap beside -n kube-system", "create deployment beside --image=example.test/a -n theirs", "create namespace mine", "label namespace theirs app.kubernetes.io/managed-by=orrery --overwrite",
            "label namespace acme-shop-default app.kubernetes.io/managed-by-", "delete namespace theirs", "delete deployment orrery-satellite -n orrery-system",
            "label configmap satellite-policy -n orrery-system mine=true", "delete configmap satellite-policy -n orrery-system",
        ];

        await owner.RunAsync($"apply --validate=strict -f {Path.Combine(Repository.Root, "deploy", "satellite", "fence.yaml")}");
        await Eventually.HoldsAsync(async () => (await owner.TryAsync("create configmap fenced -n theirs --dry-run=server" + As)).Error.Contains("only in namespaces that Orrery made", StringComparison.Ordinal), Limit);
        foreach (string command in beyond)
        {
            Ended refused = await owner.TryAsync(command + As);
            Assert.True(refused.ExitCode != 0 && refused.Error.Contains("denied request: only", StringComparison.Ordinal), $"{command}: {refused.Output}{refused.Error}");
        }

        foreach (string command in (string[])["create configmap within -n acme-shop-default", "delete configmap within -n acme-shop-default", "create configmap satellite-log-00000001 -n orrery-system", "delete namespace acme-shop-default"])
        {
            (await owner.TryAsync(command + As)).Succeeded();
        }

        // Everybody else does what they may.
        await owner.RunAsync("create configmap ours -n kube-system");
    }

    /// <summary>The image has what the manifests ask for: the user that its pods run as, and a program for their arguments.</summary>
    [Fact]
    public async Task Image_HasTheUserAndTheProgramOfTheManifests()
    {
        string[] image = await File.ReadAllLinesAsync(Path.Combine(Repository.Root, "deploy", "image", "Dockerfile"), TestContext.Current.CancellationToken);
        string manifest = (await vendor.OrreryAsync(["data-plane", "add", "imaged"])).Succeeded();
        string user = image.Single(l => l.StartsWith("USER ", StringComparison.Ordinal))["USER ".Length..].Split(':')[0];

        Assert.Contains($"runAsUser: {user},", manifest, StringComparison.Ordinal);
        Assert.Contains("COPY orrery/ /opt/orrery/", image);
        Assert.Contains("""ENTRYPOINT ["/opt/orrery/orrery"]""", image);
        Assert.Contains("./orrery publish deploy/image/orrery ", string.Join('\n', image), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/livez")]
    [InlineData("/readyz")]
    public async Task Probes_WithoutACredential_AreAnswered(string path)
    {
        using var handler = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } };
        using var kubelet = new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{vendor.Port.ToString(CultureInfo.InvariantCulture)}") };

        using HttpResponseMessage answer = await kubelet.GetAsync(path, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    /// <summary>Has the server check the pods that a namespace's workloads would make, in that namespace with <c>restricted</c> enforced.</summary>
    /// <returns>Arguments of their containers.</returns>
    private static async Task<List<string[]>> PodsAsync(Kubectl owner, string ns)
    {
        await owner.RunAsync($"label namespace {ns} --overwrite pod-security.kubernetes.io/enforce=restricted");
        await Eventually.EqualsAsync(0, async () => (await owner.TryAsync($"get serviceaccount default -n {ns}")).ExitCode, Limit);
        var args = new List<string[]>();
        JsonElement workloads = await owner.JsonAsync($"get deployments,statefulsets -n {ns}");
        Assert.NotEqual(0, workloads.GetProperty("items").GetArrayLength());
        foreach (JsonElement workload in workloads.GetProperty("items").EnumerateArray())
        {
            JsonObject spec = JsonNode.Parse(workload.GetProperty("spec").GetProperty("template").GetProperty("spec").GetRawText())!.AsObject();
            JsonArray volumes = spec["volumes"] as JsonArray ?? [];
            spec["volumes"] = new JsonArray([.. volumes.Select(v => v!.DeepClone()), .. Claimed(workload)]);
            var pod = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Pod", ["metadata"] = new JsonObject { ["name"] = "tried", ["namespace"] = ns }, ["spec"] = spec };
            await owner.RunAsync("create --validate=strict --dry-run=server -f -", pod.ToJsonString());
            args.AddRange(((JsonArray)spec["containers"]!).Concat(spec["initContainers"] as JsonArray ?? []).Select(c => ((JsonArray)c!["args"]!).Select(a => a!.GetValue<string>()).ToArray()));
        }

        return args;
    }

    private static IEnumerable<JsonNode> Claimed(JsonElement workload) => workload.GetProperty("spec").TryGetProperty("volumeClaimTemplates", out JsonElement claims)
        ? claims.EnumerateArray().Select(c => new JsonObject { ["name"] = c.GetProperty("metadata").GetProperty("name").GetString(), ["emptyDir"] = new JsonObject() })
        : [];
}
