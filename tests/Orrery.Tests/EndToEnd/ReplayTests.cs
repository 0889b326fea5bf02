using System.Text.RegularExpressions;
using Orrery.Testing;
using Orrery.Tests.KubeApiServer;

namespace Orrery.Tests.EndToEnd;

/// <summary>
/// What a real kube-apiserver answered, played against ours. The recorded one ran beside the garbage collector, namespace and service account
/// controllers and no publisher of root certificates, so one recorded list lacks <c>kube-root-ca.crt</c>: a server that runs without that
/// controller too must agree in everything, one that runs it in all but that list.
/// </summary>
public sealed class ReplayTests
{
    private const string AsRecorded = "--controllers=*,-root-ca-certificate-publisher-controller";

    /// <summary>Texts that must agree, of 438, descriptions of table columns left aside. The other four hold resourceVersions or the order of a map.</summary>
    private const int TextFloor = 434;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(AsRecorded, 438)]
    [InlineData("--controllers=*", 437)]
    public async Task Launcher_OfABareServer_AgreesWithTheRecordedAnswers(string controllers, int floor)
    {
        await Replay.RequireAsync();
        using var folder = new TempDirectory();
        await using StandIn server = await StandIn.StartAsync(controllers, "--api-audiences=https://kubernetes.default.svc", "--token-auth-file", folder.Write("tokens.csv", "t0ken,admin,1,\"system:masters\"\n"));

        Holds(await Replay.PlayAsync(server.Url.ToString().TrimEnd('/'), "t0ken"), floor);
    }

    /// <summary>Root also serves Orrery's own kinds, which the recorded index of OpenAPI v3 cannot have.</summary>
    [Theory]
    [InlineData("", AsRecorded, 437)]
    [InlineData("acme/replay", AsRecorded, 438)]
    [InlineData("acme/replay", "--controllers=*", 437)]
    public async Task Serve_RootAndVirtualCluster_AgreeWithTheRecordedAnswers(string virtualCluster, string controllers, int floor)
    {
        await Replay.RequireAsync();
        using var folder = new TempDirectory();
        string data = Path.Combine(folder.Path, "data");
        using var server = new ServeProcess(StandIn.Program, data, FreePort.Take(), [controllers], TimeProvider.System);
        server.Start();
        await server.ReadyAsync(Token);
        if (virtualCluster.Length > 0)
        {
            // On no data plane: what is compared is the API server.
            var kubectl = new Kubectl(Path.Combine(data, "kubeconfig"));
            await kubectl.RunAsync("apply -f -", Unplaced);
            await kubectl.RunAsync("wait --for=condition=Ready virtualcluster/replay -n acme --timeout=120s");
        }

        string[] arguments = ["kubeconfig", "--token", "--data-dir", data, .. virtualCluster.Length == 0 ? (string[])[] : ["--virtual-cluster", virtualCluster]];
        string kubeconfig = (await Shell.RunAsync(StandIn.Program, arguments)).Succeeded();

        Holds(await Replay.PlayAsync(Value(kubeconfig, "server"), Value(kubeconfig, "token")), floor);
    }

    private static void Holds(Replay replay, int floor)
    {
        TestContext.Current.SendDiagnosticMessage("bodies {0}, texts {1}, texts with descriptions of columns aside {2}", replay.Bodies, replay.Texts, replay.TextsButColumns);
        Assert.True(replay.Bodies >= floor, replay.Output);
        Assert.True(replay.TextsButColumns >= TextFloor - (438 - floor), replay.Output);
    }

    private const string Unplaced = """
        apiVersion: v1
        kind: Namespace
        metadata: { name: acme, labels: { orrery.dev/tenant: acme } }
        ---
        apiVersion: orrery.dev/v1alpha1
        kind: Tenant
        metadata: { name: acme }
        ---
        apiVersion: orrery.dev/v1alpha1
        kind: VirtualCluster
        metadata: { namespace: acme, name: replay }
        spec: {}
        """;

    private static string Value(string kubeconfig, string name) =>
        Regex.Match(kubeconfig, $"{name}: \"?([^\"\n]+)\"?").Groups[1].Value;
}
