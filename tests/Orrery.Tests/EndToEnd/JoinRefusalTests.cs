using System.Text.RegularExpressions;
using Orrery.Tests.KubeApiServer;

namespace Orrery.Tests.EndToEnd;

/// <summary>Who is not let in, by the real programs: with a token and requests made by hand, and with the key of a DataPlane that is another by now.</summary>
[Collection(VendorCollection.Name)]
public sealed partial class JoinRefusalTests(Vendor vendor)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Token_InOtherHands_IsGoodOnce_AndForNothingButASatellitesCertificate()
    {
        Kubectl.Require();
        Kubectl invited = await InvitedAsync(vendor, "narrow");
        string uid = await UidAsync("narrow"), mine = $"CN=orrery:data-plane:narrow:{uid}";

        // 1. Anything else is refused, by name.
        await DecidedAsync(invited, RequestByHand.Of($"CN=orrery:data-plane:solo:{await UidAsync("solo")},O=orrery:satellites"), "Denied WrongDataPlane");
        await DecidedAsync(invited, RequestByHand.Of("CN=orrery-admin,O=orrery:satellites"), "Denied WrongName");
        await DecidedAsync(invited, RequestByHand.Of($"{mine},O=orrery:admins"), "Denied WrongGroup");
        await DecidedAsync(invited, RequestByHand.Of($"{mine},O=orrery:satellites,OU=more"), "Denied WrongName");
        await DecidedAsync(invited, RequestByHand.Of($"{mine},O=orrery:satellites", alternative: "localhost"), "Denied WrongName");
        await DecidedAsync(invited, RequestByHand.Of($"{mine},O=orrery:satellites", usage: "server auth"), "Denied WrongUsage");
        await DecidedAsync(invited, RequestByHand.Of($"{mine},O=orrery:satellites", seconds: 86_400 * 400), "Denied LifetimeTooLong");
        Assert.Contains("system:masters group is not allowed", (await invited.TryAsync("create -f -", RequestByHand.Of($"{mine},O=system:masters"))).Error, StringComparison.Ordinal);

        // 2. What a satellite asks for is granted, once.
        await DecidedAsync(invited, RequestByHand.Of($"{mine},O=orrery:satellites"), "Approved Invited");
        await DecidedAsync(invited, RequestByHand.Of($"{mine},O=orrery:satellites"), "Denied TokenReused");

        // 3. It is said where an operator looks, and the token reads nothing.
        await Eventually.EqualsAsync("True TokenReused", () => vendor.Root.RunAsync("get dataplane narrow -o 'jsonpath={range .status.conditions[?(@.type==\"JoinRefused\")]}{.status} {.reason}{end}'"), Limit);
        string events = "";
        await Eventually.ContainsAsync("TokenReused", async () => events = await vendor.Root.RunAsync("get events --field-selector involvedObject.kind=DataPlane,involvedObject.name=narrow -o jsonpath={.items[*].reason}"), Limit);
        foreach (string reason in (string[])["WrongDataPlane", "WrongName", "WrongGroup", "WrongUsage", "LifetimeTooLong"])
        {
            Assert.Contains(reason, events.Split(' '));
        }

        foreach (string resource in (string[])["secrets -n dp-narrow", "works -n dp-solo", "dataplane solo", "csr"])
        {
            Assert.Contains("(Forbidden)", (await invited.TryAsync("get " + resource)).Error, StringComparison.Ordinal);
        }
    }

    /// <summary>What stands above the manifest, run outside of the cluster: it trusts the server whose authority the pin is of, and gives its token to no other.</summary>
    [Fact]
    public async Task CommandLineOfAnInvitation_JoinsTheServerOfItsPin_AndGivesItsTokenToNoOther()
    {
        Kubectl.Require();
        await using StandIn cluster = await StandIn.StartAsync();
        string manifest = (await vendor.OrreryAsync("data-plane", "add", "pinned", "--label", "region=eu", "--access", "Private", "--tenant", "pinner")).Succeeded();
        Assert.Equal("eu Private [\"pinner\"]", await vendor.Root.RunAsync("get dataplane pinned -o 'jsonpath={.metadata.labels.region} {.spec.access} {.spec.tenants}'"));
        await cluster.KubectlAs("owner", "system:masters").RunAsync("create namespace orrery-system");
        string[] said = CommandLine().Match(manifest).Groups[1].Value.Split(' '), other = [.. said];
        int pin = Array.IndexOf(said, "--ca-pin") + 1;
        other[pin] = "sha256:" + new string('0', 64);
        string kubeconfig = cluster.KubectlAs("owner", "system:masters").Kubeconfig;

        using (SatelliteProcess misled = SatelliteProcess.Start("pinned", kubeconfig, invitation: other))
        {
            await Eventually.HoldsAsync(() => Task.FromResult(misled.HasSaid($"tells no authority whose key has the hash {other[pin]}")), Limit);
        }

        Assert.Equal("", await vendor.Root.RunAsync("get csr -l orrery.dev/data-plane=pinned -o name"));
        using SatelliteProcess satellite = SatelliteProcess.Start("pinned", kubeconfig, invitation: said);
        await vendor.Root.RunAsync("wait --for=condition=Ready dataplane/pinned --timeout=120s");
    }

    [Fact]
    public async Task DataPlane_MadeAnewUnderItsName_LetsTheFormerSatelliteInByAnotherTokenOnly()
    {
        Kubectl.Require();
        await using StandIn cluster = await StandIn.StartAsync();
        Kubectl owner = cluster.KubectlAs("owner", "system:masters");
        await owner.RunAsync("apply -f -", (await vendor.OrreryAsync("data-plane", "add", "again")).Succeeded());
        using SatelliteProcess satellite = SatelliteProcess.Start("again", cluster.KubectlWith((await owner.RunAsync("create token orrery-satellite -n orrery-system --duration 2h")).Trim()).Kubeconfig);
        await vendor.Root.RunAsync("wait --for=condition=Ready dataplane/again --timeout=120s");

        (await vendor.OrreryAsync("data-plane", "delete", "again")).Succeeded();
        string manifest = (await vendor.OrreryAsync("data-plane", "add", "again")).Succeeded();

        await Eventually.HoldsAsync(() => Task.FromResult(satellite.HasSaid("The control plane lets this satellite in no more")), Limit);
        Assert.Equal("NeverJoined", await vendor.Root.RunAsync("get dataplane again -o 'jsonpath={range .status.conditions[?(@.type==\"Joined\")]}{.reason}{end}'"));

        await owner.RunAsync("apply -f -", manifest);
        await vendor.Root.RunAsync("wait --for=condition=Ready dataplane/again --timeout=120s");
    }

    /// <summary>kubectl with nothing but the token of an invitation.</summary>
    /// <param name="verb"><c>add</c>, or <c>token</c> for a data plane that is there.</param>
    internal static async Task<Kubectl> InvitedAsync(Installed vendor, string name, string verb = "add")
    {
        string token = TokenLine().Match((await vendor.OrreryAsync("data-plane", verb, name)).Succeeded()).Groups[1].Value;
        string path = Path.Combine(vendor.Folder, $"{name}.{verb}.invited.kubeconfig");
        string authority = CertificateLine().Match(await File.ReadAllTextAsync(vendor.Root.Kubeconfig, TestContext.Current.CancellationToken)).Groups[1].Value;
        await File.WriteAllTextAsync(path, $$"""
            apiVersion: v1
            kind: Config
            clusters: [{name: c, cluster: {server: "https://127.0.0.1:{{vendor.Port}}", certificate-authority-data: {{authority}} } }]
            users: [{name: u, user: {token: {{token}} } }]
            contexts: [{name: x, context: {cluster: c, user: u} }]
            current-context: x
            """);
        return new Kubectl(path);
    }

    private Task<string> UidAsync(string dataPlane) => vendor.Root.RunAsync($"get dataplane {dataPlane} -o jsonpath={{.metadata.uid}}");

    private async Task DecidedAsync(Kubectl invited, string request, string decision)
    {
        string name = (await invited.RunAsync("create -o name -f -", request)).Trim();
        await Eventually.EqualsAsync(decision, () => vendor.Root.RunAsync($"get {name} -o 'jsonpath={{.status.conditions[0].type}} {{.status.conditions[0].reason}}'"), Limit);
        if (decision.StartsWith("Denied", StringComparison.Ordinal))
        {
            Assert.Equal("", await vendor.Root.RunAsync($"get {name} -o jsonpath={{.status.certificate}}"));
        }
    }

    [GeneratedRegex("orrery satellite pinned (--server .*) --kubeconfig FILE")]
    private static partial Regex CommandLine();

    [GeneratedRegex("token: \"([^\"]+)\"")]
    private static partial Regex TokenLine();

    [GeneratedRegex("certificate-authority-data: *\"?([A-Za-z0-9+/=]+)")]
    private static partial Regex CertificateLine();
}
