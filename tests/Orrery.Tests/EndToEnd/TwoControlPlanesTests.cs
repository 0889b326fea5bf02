using Orrery.Tests.KubeApiServer;

namespace Orrery.Tests.EndToEnd;

/// <summary>Two satellites of two control planes in one cluster at once, which is not supported: nothing is lost by it, and it is said. Two real servers, one cluster, the real kubectl.</summary>
[Collection(VendorCollection.Name)]
public sealed class TwoControlPlanesTests(Vendor vendor)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task Satellites_OfTwoControlPlanes_LeaveEachOthersAlone_AndTheFormerSaysThatAnotherIsThere()
    {
        Kubectl.Require();
        await using StandIn cluster = await StandIn.StartAsync();
        Kubectl owner = cluster.KubectlAs("owner", "system:masters");
        await using var other = new Vendor();
        await other.InitializeAsync();

        // 1. Both work.
        using SatelliteProcess first = await ControlPlaneChangeTests.JoinAsync(vendor, "add", "earlier", owner, cluster);
        Kubectl native = await ControlPlaneChangeTests.TenantAsync(vendor, "native", "earlier");
        await native.RunAsync("create configmap settings --from-literal=key=first");
        await Eventually.EqualsAsync("first", () => ValueAsync(owner, "native-home-default"), Limit);
        string before = await UidAsync(owner, "native-home-default");
        using SatelliteProcess second = await ControlPlaneChangeTests.JoinAsync(other, "add", "later", owner, cluster);
        Kubectl settler = await ControlPlaneChangeTests.TenantAsync(other, "comer", "later");
        await settler.RunAsync("create configmap settings --from-literal=key=second");
        await Eventually.EqualsAsync("second", () => ValueAsync(owner, "comer-home-default"), Limit);

        // 2. What each wants is brought about and put back by its own, and by nobody else.
        foreach ((Kubectl tenant, string ns, string value) in ((Kubectl, string, string)[])[(native, "native-home-default", "third"), (settler, "comer-home-default", "fourth")])
        {
            await tenant.RunAsync($"patch configmap settings --type=merge -p {{\"data\":{{\"key\":\"{value}\"}}}}");
            await Eventually.EqualsAsync(value, () => ValueAsync(owner, ns), Limit);
            await owner.RunAsync($"patch configmap settings -n {ns} --type=merge -p {{\"data\":{{\"key\":\"hacked\"}}}}");
            await Eventually.EqualsAsync(value, () => ValueAsync(owner, ns), Limit);
        }

        // 3. The one that lost its Secret says whose it is now; the other says what it found.
        await Eventually.HoldsAsync(() => Task.FromResult(first.HasSaid("holds the identity of data plane later of ") && first.HasSaid("another satellite works in this cluster")), Limit);
        Assert.True(second.HasSaid("the identity found was issued to data plane earlier"));
        await other.Root.RunAsync("wait --for=condition=LeftBehind dataplane/later --timeout=90s");
        Assert.Equal(before, await UidAsync(owner, "native-home-default"));

        // 4. The record of the cluster's owner has what both did, and is whole. Nobody writes it, or anything else, again and again.
        string record = (await RecordAsync(owner)).Succeeded();
        Assert.Contains("\"namespace\":\"native-home-default\",\"name\":\"settings\"", record, StringComparison.Ordinal);
        Assert.Contains("\"namespace\":\"comer-home-default\",\"name\":\"settings\"", record, StringComparison.Ordinal);
        Assert.Contains("are whole", (await RecordAsync(owner, "--verify")).Succeeded(), StringComparison.Ordinal);
        string versions = await VersionsAsync(owner);
        await Task.Delay(TimeSpan.FromSeconds(6), TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.Equal(versions, await VersionsAsync(owner));
    }

    private static Task<Ended> RecordAsync(Kubectl owner, params string[] flags) => Shell.RunAsync(StandIn.Program, ["satellite-log", "--kubeconfig", owner.Kubeconfig, .. flags]);

    private static Task<string> VersionsAsync(Kubectl owner) => owner.RunAsync("get configmaps,secrets,networkpolicies -A -o 'jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} {.metadata.resourceVersion};{end}'");

    private static Task<string> UidAsync(Kubectl owner, string ns) => owner.RunAsync($"get ns/{ns} cm/settings -n {ns} -o jsonpath={{.items[*].metadata.uid}}");

    private static async Task<string> ValueAsync(Kubectl owner, string ns) => (await owner.TryAsync($"get configmap settings -n {ns} -o jsonpath={{.data.key}}")).Output;
}
