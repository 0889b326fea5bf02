using System.Text.Json.Nodes;
using Orrery.Testing;
using Orrery.Tests.KubeApiServer;

namespace Orrery.Tests.EndToEnd;

/// <summary>A cluster that is not ours as a data plane: an API server that was started by hand, a satellite with the rights of its manifest, and a virtual cluster that is placed there.</summary>
public sealed class StrangeCluster(Vendor vendor) : IAsyncLifetime
{
    public const string Name = "strange";
    public const string Mapped = "odd-corner-default";

    private StandIn? cluster;
    private BadNetwork? network;
    private SatelliteProcess? satellite;
    private string kubeconfig = "";

    /// <summary>kubectl as the cluster's owner.</summary>
    internal Kubectl Owner { get; private set; } = null!;

    /// <summary>kubectl as the tenant.</summary>
    internal Kubectl Tenant { get; private set; } = null!;

    internal Kubectl Root => vendor.Root;

    /// <summary>The only way from the satellite to its control plane.</summary>
    internal BadNetwork Network => network!;

    public async ValueTask InitializeAsync()
    {
        Kubectl.Require();
        cluster = await StandIn.StartAsync();
        Owner = cluster.KubectlAs("owner", "system:masters");
        network = new BadNetwork(vendor.Port, TimeProvider.System);
        await Owner.RunAsync("apply -f -", (await vendor.OrreryAsync("data-plane", "add", Name, "--server", $"https://127.0.0.1:{network.Port}")).Succeeded());
        kubeconfig = cluster.KubectlWith((await Owner.RunAsync("create token orrery-satellite -n orrery-system --duration 2h")).Trim()).Kubeconfig;
        satellite = SatelliteProcess.Start(Name, kubeconfig);
        await Root.RunAsync($"wait --for=condition=Ready dataplane/{Name} --timeout=120s");
        await Root.RunAsync("create namespace odd");
        await Root.RunAsync("label namespace odd orrery.dev/tenant=odd");
        await Root.RunAsync("apply -f -", """{"apiVersion": "orrery.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": "odd"}, "spec": {} }""");
        await Root.RunAsync("apply -f -", $$$"""
            {"apiVersion": "orrery.dev/v1alpha1", "kind": "VirtualCluster", "metadata": {"name": "corner", "namespace": "odd"}, "spec": {"placement": {"dataPlanes": ["{{{Name}}}"]} } }
            """);
        await Root.RunAsync("wait --for=condition=Ready virtualcluster/corner -n odd --timeout=120s");
        Tenant = await vendor.VirtualClusterAsync("odd/corner");
    }

    public async ValueTask DisposeAsync()
    {
        satellite?.Dispose();
        if (network is not null)
        {
            await network.DisposeAsync();
        }

        if (cluster is not null)
        {
            await cluster.DisposeAsync();
        }
    }

    /// <summary>Kills the satellite and starts another.</summary>
    internal void StartAnew()
    {
        satellite!.Dispose();
        satellite = SatelliteProcess.Start(Name, kubeconfig);
    }

    /// <summary>Kills the satellite and starts another, which is known to work once this has ended.</summary>
    internal Task RestartAsync()
    {
        StartAnew();
        return WorksAsync();
    }

    /// <summary>Kills the satellite and starts another that finds its cluster as one in a pod does, and is known to work once this has ended.</summary>
    internal Task RestartAsync(PodFiles pod)
    {
        satellite!.Dispose();
        satellite = SatelliteProcess.Start(Name, null, enter: pod.Enter(cluster!.Port));
        return WorksAsync();
    }

    /// <summary>What a kubelet would mount into the satellite's pod.</summary>
    internal PodFiles Pod() => new(cluster!.File("certs/apiserver.crt"));

    private async Task WorksAsync()
    {
        string mark = "mark-" + Guid.NewGuid().ToString("N");
        await Tenant.RunAsync($"create configmap {mark}");
        await Eventually.HoldsAsync(async () => (await Owner.TryAsync($"get configmap {mark} -n {Mapped}")).ExitCode == 0, TimeSpan.FromSeconds(90));
    }
}

/// <summary>What a satellite does with objects in a cluster that others work in as well, by real processes and the real kubectl.</summary>
[Collection(VendorCollection.Name)]
public sealed partial class StrangeClusterTests(StrangeCluster strange) : IClassFixture<StrangeCluster>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>How often this test itself listed Works.</summary>
    private int ownLists;

    [Fact]
    public async Task ChangedByHand_IsPutBackAndSaid_OrOnlySaidWhereItsOwnerAsksForThat()
    {
        await MakeAsync("drift", "a");

        // 1. A field, a label, the object itself.
        await HackAsync("drift");
        await Eventually.EqualsAsync("a", () => ValueAsync("drift"), Limit);
        await SaidAsync("DriftCorrected", "drift", "it was changed by hand: data.key; it is put back");
        await strange.Owner.RunAsync($"label configmap drift -n {StrangeCluster.Mapped} app.kubernetes.io/managed-by-");
        await Eventually.EqualsAsync("orrery", async () => await strange.Owner.RunAsync($"get configmap drift -n {StrangeCluster.Mapped} -o 'jsonpath={{.metadata.labels.app\\.kubernetes\\.io/managed-by}}'"), Limit);
        await strange.Owner.RunAsync($"delete configmap drift -n {StrangeCluster.Mapped}");
        await Eventually.EqualsAsync("a", () => ValueAsync("drift"), Limit);

        // 2. Said only, as its tenant asks for of what is there already: also by a satellite that starts anew.
        await strange.Tenant.RunAsync("annotate configmap drift orrery.dev/drift=Report");
        await Eventually.EqualsAsync("Report true", async () => await WorkAsync("drift", w => $"{w["spec"]?["handling"]?["drift"]} {((long?)w["status"]?["observedGeneration"] == (long?)w["metadata"]?["generation"] ? "true" : "false")}"), Limit);
        await HackAsync("drift");
        await SaidAsync("Drifted", "drift", "it was changed by hand: data.key; it is left so");
        await strange.RestartAsync();
        Assert.Equal("hacked", await ValueAsync("drift"));
        await Eventually.EqualsAsync("True Drifted", () => AppliedAsync("drift"), Limit);

        // 3. What is wanted anew comes into force all the same.
        await strange.Tenant.RunAsync("patch configmap drift --type=merge -p {\"data\":{\"key\":\"b\"}}");
        await Eventually.EqualsAsync("b", () => ValueAsync("drift"), Limit);
    }

    [Fact]
    public async Task ObjectsAndFieldsOfOthers_AreTakenOverOnlyWithPermission()
    {
        // 1. Somebody's object of that name.
        await MakeAsync("first", "a");
        await strange.Owner.RunAsync($"create configmap taken -n {StrangeCluster.Mapped} --from-literal=key=theirs");
        await strange.Tenant.RunAsync("create configmap taken --from-literal=key=ours");
        await Eventually.EqualsAsync("False NotOurs", () => AppliedAsync("taken"), Limit);
        Assert.Equal("theirs", await ValueAsync("taken"));
        await strange.Tenant.RunAsync("annotate configmap taken orrery.dev/adopt=true");
        await Eventually.EqualsAsync("ours", () => ValueAsync("taken"), Limit);

        // 2. A field that somebody applies.
        await MakeAsync("shared", "a");
        await strange.Owner.RunAsync(
            "apply --server-side --force-conflicts --field-manager=flux -f -",
            $$"""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shared", "namespace": "{{StrangeCluster.Mapped}}"}, "data": {"key": "theirs"} }""");
        await Eventually.EqualsAsync("False Conflict", () => AppliedAsync("shared"), Limit);
        await SaidAsync("ApplyConflict", "shared", "somebody else applies fields of it: .data.key (flux)");
        Assert.Equal("theirs", await ValueAsync("shared"));
        await strange.Tenant.RunAsync("annotate configmap shared orrery.dev/conflicts=TakeOver");
        await Eventually.EqualsAsync("a", () => ValueAsync("shared"), Limit);

        // 3. What goes is what was applied, and waits for whoever holds it.
        await strange.Owner.RunAsync($"create configmap beside -n {StrangeCluster.Mapped} --from-literal=key=theirs");
        await strange.Owner.RunAsync($"patch configmap shared -n {StrangeCluster.Mapped} --type=merge -p {{\"metadata\":{{\"finalizers\":[\"example.org/hold\"]}}}}");
        await strange.Tenant.RunAsync("delete configmap shared taken");
        await Eventually.EqualsAsync("beside first shared", LeftAsync, Limit);
        await SaidAsync("RemovalWaits", "shared", "it is wanted no more and was deleted, and waits for its finalizers: example.org/hold");
        await strange.Tenant.RunAsync("create configmap shared --from-literal=key=again");
        await Eventually.EqualsAsync("False Terminating", () => AppliedAsync("shared"), Limit);
        await strange.Owner.RunAsync($"patch configmap shared -n {StrangeCluster.Mapped} --type=merge -p {{\"metadata\":{{\"finalizers\":null}}}}");
        await Eventually.EqualsAsync("again", () => ValueAsync("shared"), Limit);
    }

    [Fact]
    public async Task PolicyThatIsMisspelled_HoldsEverythingBack_AndWhatItMeantIsHeldOnceItIsRight()
    {
        await MakeAsync("before", "a");
        await strange.Owner.RunAsync("create configmap satellite-policy -n orrery-system --from-literal=deniedKinds=Secrets");
        await Eventually.ContainsAsync("\"Secrets\" is no kind", () => RestrictedAsync(), Limit);
        await strange.Tenant.RunAsync("create secret generic denied --from-literal=key=v");
        await strange.Tenant.RunAsync("create configmap held --from-literal=key=v");
        await Eventually.EqualsAsync("False DeniedByPolicy", () => AppliedAsync("held"), Limit);
        await Eventually.EqualsAsync("False DeniedByPolicy", () => AppliedAsync("denied"), Limit);

        await strange.Owner.RunAsync("patch configmap satellite-policy -n orrery-system --type=merge -p {\"data\":{\"deniedKinds\":\"Secret\"}}");
        await Eventually.EqualsAsync("v", () => ValueAsync("held"), Limit);
        Assert.NotEqual(0, (await strange.Owner.TryAsync($"get secret denied -n {StrangeCluster.Mapped}")).ExitCode);
        await strange.Owner.RunAsync("delete configmap satellite-policy -n orrery-system");
        await Eventually.HoldsAsync(async () => (await strange.Owner.TryAsync($"get secret denied -n {StrangeCluster.Mapped}")).ExitCode == 0, Limit);
    }

    private async Task MakeAsync(string name, string value)
    {
        await strange.Tenant.RunAsync($"create configmap {name} --from-literal=key={value}");
        await Eventually.EqualsAsync(value, () => ValueAsync(name), Limit);
    }

    private Task<string> HackAsync(string name) => strange.Owner.RunAsync($"patch configmap {name} -n {StrangeCluster.Mapped} --type=merge -p {{\"data\":{{\"key\":\"hacked\"}}}}");

    private async Task<string> ValueAsync(string name) => (await strange.Owner.TryAsync($"get configmap {name} -n {StrangeCluster.Mapped} -o jsonpath={{.data.key}}")).Output;

    /// <summary>Which of the ConfigMaps that these tests speak of are there.</summary>
    private async Task<string> LeftAsync() =>
        string.Join(' ', (await strange.Owner.RunAsync($"get configmaps -n {StrangeCluster.Mapped} -o jsonpath={{.items[*].metadata.name}}")).Split(' ').Intersect(["beside", "first", "shared", "taken"]).Order(StringComparer.Ordinal));

    /// <summary>In an Event about the object in the data plane, and in one that its tenant sees.</summary>
    private async Task SaidAsync(string reason, string name, string message)
    {
        string fields = $"--field-selector reason={reason},involvedObject.name={name} -o jsonpath={{.items[*].message}}";
        await Eventually.ContainsAsync(message, () => strange.Owner.RunAsync($"get events -n {StrangeCluster.Mapped} {fields}"), Limit);
        await Eventually.ContainsAsync($"{StrangeCluster.Name}: {message}", () => strange.Tenant.RunAsync($"get events {fields}"), Limit);
    }

    private Task<string> AppliedAsync(string name) => WorkAsync(
        name, w => w["status"]?["conditions"]?.AsArray().FirstOrDefault(c => (string?)c!["type"] == "Applied") is { } applied ? $"{applied["status"]} {applied["reason"]}" : "");

    private async Task<string> WorkAsync(string name, Func<JsonNode, string> told)
    {
        ownLists++;
        return JsonNode.Parse(await strange.Root.RunAsync($"get works -n dp-{StrangeCluster.Name} -o json"))!["items"]!.AsArray().FirstOrDefault(w => (string?)w!["spec"]!["source"]!["name"] == name) is { } work ? told(work) : "";
    }

    private Task<string> RestrictedAsync() => strange.Root.RunAsync($"get dataplane {StrangeCluster.Name} -o 'jsonpath={{range .status.conditions[?(@.type==\"Restricted\")]}}{{.message}}{{end}}'");
}
