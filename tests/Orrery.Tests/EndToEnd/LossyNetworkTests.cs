using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Orrery.Testing;

namespace Orrery.Tests.EndToEnd;

/// <summary>
/// A satellite's process whose packets to the control plane get lost, come late, twice and in another order, as over a bad line; both ends' TCP is the kernel's. What is asked by the real kubectl works, if
/// slowly, and is complete.
/// </summary>
[Collection(VendorCollection.Name)]
public sealed class LossyNetworkTests(Vendor vendor)
{
    private const int Size = 100_000;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>ORRERY_TEST_LOSS makes a day of it: so many rounds of changes and requests instead of one.</summary>
    private static readonly int Rounds = int.TryParse(Environment.GetEnvironmentVariable("ORRERY_TEST_LOSS"), CultureInfo.InvariantCulture, out int rounds) ? rounds : 1;

    [Fact]
    public async Task Satellite_OverALineThatLosesPackets_LosesNothing()
    {
        Kubectl.Require();
        LossyLink link;
        try
        {
            link = LossyLink.Make(seed: 7, TimeProvider.System);
        }
        catch (PlatformNotSupportedException refusal)
        {
            Assert.Skip(refusal.Message);
            return;
        }

        await using (link)
        {
            await using var network = new BadNetwork(vendor.Port, TimeProvider.System, link.Listen());
            using Process satellite = await MoveSatelliteAsync(network);
            try
            {
                await RunAsync(link);
            }
            finally
            {
                // Other tests need one that hears them.
                satellite.Kill();
                await satellite.WaitForExitAsync(CancellationToken.None);
                (await vendor.UpAsync()).Succeeded();
            }
        }
    }

    private async Task RunAsync(LossyLink link)
    {
        Kubectl shop = await ShopAsync();
        await shop.RunAsync("create deployment talk --image=talk:1 --replicas=1");
        await shop.RunAsync("rollout status deployment talk --timeout=120s");
        await Eventually.HoldsAsync(async () => (await PodsAsync(shop)).Length == 1, Limit);
        string pod = (await PodsAsync(shop))[0];
        double lists = await ListsAsync();
        (long lost, long carried) = (link.Lost, link.Carried);
        (link.Loss, link.Delay, link.Reorder, link.Duplicate) = (0.10, TimeSpan.FromMilliseconds(100), 0.05, 0.02);

        // 1. A log that is followed all the while.
        using Process follower = Process.Start(new ProcessStartInfo("kubectl", ["logs", "-f", pod]) { RedirectStandardOutput = true, Environment = { ["KUBECONFIG"] = shop.Kubeconfig } })!;
        Task<string> followed = follower.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var random = new Random(7);
        for (int round = 0; round < Rounds; round++)
        {
            // 2. Changes, there and back.
            for (int i = 0; i < 10; i++)
            {
                await shop.RunAsync($"create configmap wanted-{round}-{i} --from-literal=n={i}");
            }

            await shop.RunAsync($"scale deployment talk --replicas={2 + (round % 2)}");
            for (int i = 0; i < 10; i++)
            {
                await Eventually.EqualsAsync($"{i}", async () => (await vendor.DataPlane("solo").TryAsync($"get configmap wanted-{round}-{i} -n loss-net-default -o jsonpath={{.data.n}}")).Output, Limit);
            }

            await shop.RunAsync("rollout status deployment talk --timeout=120s");
            await Eventually.EqualsAsync(2 + (round % 2), async () => (await PodsAsync(shop)).Length, Limit);

            // 3. A program in the pod: what goes in comes out, to the last byte.
            string said = Convert.ToHexString(Bytes(random));
            Ended echo = await shop.TryAsync($"exec -i {pod} -- cat", said);
            Assert.Equal(said, echo.Succeeded());
        }

        // 4. Nothing is missing in the log, and nothing there twice.
        await Eventually.HoldsAsync(async () => (await shop.RunAsync($"logs {pod}")).Split('\n').Length > 4, Limit);
        string all = await shop.RunAsync($"logs {pod}");
        await shop.RunAsync("delete deployment talk");
        await follower.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Limit, TestContext.Current.CancellationToken);
        Assert.StartsWith(all, await followed, StringComparison.Ordinal);

        // 5. It was as bad as said, and nobody listed for it.
        TestContext.Current.SendDiagnosticMessage("{0} packets lost, {1} carried", link.Lost, link.Carried);
        Assert.True(link.Lost - lost > (link.Carried - carried) / 40, $"{link.Lost - lost} packets lost, {link.Carried - carried} carried since");
        Assert.Equal(lists, await ListsAsync());
    }

    /// <summary>Ends the satellite that came with the installation, and starts one in its place that knows no other way to the control plane than this.</summary>
    private async Task<Process> MoveSatelliteAsync(BadNetwork network)
    {
        await vendor.Root.RunAsync("wait --for=condition=Ready dataplane/solo --timeout=120s");
        using (Process former = Process.GetProcessById((await vendor.PidAsync("satellite-solo"))!.Value))
        {
            former.Kill();
            await former.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        JsonElement identity = (await vendor.DataPlane("solo").JsonAsync("get secret orrery-satellite -n orrery-system")).GetProperty("data");
        string kubeconfig = Path.Combine(vendor.Folder, "lossy.kubeconfig");
        await File.WriteAllTextAsync(kubeconfig, $$"""
            current-context: c
            contexts: [{name: c, context: {cluster: k, user: u} }]
            clusters: [{name: k, cluster: {server: "https://{{network.EndPoint}}", tls-server-name: localhost, certificate-authority-data: {{identity.GetProperty("ca.crt").GetString()}} } }]
            users: [{name: u, user: {client-certificate-data: {{identity.GetProperty("tls.crt").GetString()}}, client-key-data: {{identity.GetProperty("tls.key").GetString()}} } }]
            """);
        var start = new ProcessStartInfo(Repository.Program, ["satellite", "solo", "--control-plane", kubeconfig, "--kubeconfig", vendor.DataPlane("solo").Kubeconfig])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        Process satellite = Process.Start(start)!;
        satellite.OutputDataReceived += (_, line) => TestContext.Current.TestOutputHelper?.WriteLine(line.Data ?? "");
        satellite.ErrorDataReceived += (_, line) => TestContext.Current.TestOutputHelper?.WriteLine(line.Data ?? "");
        satellite.BeginOutputReadLine();
        satellite.BeginErrorReadLine();
        return satellite;
    }

    private async Task<Kubectl> ShopAsync()
    {
        await vendor.Root.RunAsync("create namespace loss");
        await vendor.Root.RunAsync("label namespace loss orrery.dev/tenant=loss");
        await vendor.Root.RunAsync("apply -f -", """{"apiVersion": "orrery.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": "loss"}, "spec": {} }""");
        await vendor.Root.RunAsync("apply -f -", """
            {"apiVersion": "orrery.dev/v1alpha1", "kind": "VirtualCluster", "metadata": {"name": "net", "namespace": "loss"}, "spec": {"placement": {"dataPlanes": ["solo"]} } }
            """);
        await vendor.Root.RunAsync("wait --for=condition=Ready virtualcluster/net -n loss --timeout=120s");
        return await vendor.VirtualClusterAsync("loss/net");
    }

    private static async Task<string[]> PodsAsync(Kubectl shop) =>
        (await shop.RunAsync("get pods -l app=talk --field-selector=status.phase=Running -o jsonpath={.items[*].metadata.name}")).Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Lists of Orrery's own kinds, which none but the satellite has a reason for here.</summary>
    private async Task<double> ListsAsync() =>
        (await vendor.Root.RunAsync("get --raw /metrics")).Split('\n')
            .Where(l => l.StartsWith("apiserver_request_total{", StringComparison.Ordinal) && l.Contains("verb=\"LIST\"", StringComparison.Ordinal) && l.Contains("resource=\"custom\"", StringComparison.Ordinal))
            .Sum(l => double.Parse(l[(l.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    private static byte[] Bytes(Random random)
    {
        byte[] bytes = new byte[Size / 2];
        random.NextBytes(bytes);
        return bytes;
    }
}
