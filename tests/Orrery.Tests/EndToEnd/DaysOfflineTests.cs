using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Testing;
using Orrery.Tests.KubeApiServer;

namespace Orrery.Tests.EndToEnd;

/// <summary>Three days without a network between a control plane and a data plane, by the clocks of all their processes, which go on while they run.</summary>
public sealed class DaysOfflineTests : IAsyncLifetime
{
    private const string Name = "far";
    private const string Mapped = "acme-shop-default";
    private const int Days = 3;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly TempDirectory folder = new();
    private readonly FakeClock? clock = FakeClock.Library is null ? null : new FakeClock();
    private readonly int port = FreePort.Take();
    private ServeProcess? server;

    /// <summary>How often this test itself listed Orrery's kinds.</summary>
    private int ownLists;

    private Kubectl Root => new(server!.Kubeconfig);

    public async ValueTask InitializeAsync()
    {
        Kubectl.Require();
        Assert.SkipUnless(clock is not null, FakeClock.Missing);
        server = new ServeProcess(StandIn.Program, folder.Path, port, [], TimeProvider.System, clock: clock);
        server.Start();
        await server.ControlsAsync(TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        server?.Dispose();
        clock?.Dispose();
        folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Network_AwayForThreeDays_WhatWasWantedIsEnforced_AndOnReturnOnlyWhatDiffersIsTold()
    {
        await using StandIn cluster = await StandIn.StartAsync(clock);
        await using var network = new BadNetwork(port, TimeProvider.System);
        Kubectl owner = cluster.KubectlAs("owner", "system:masters");
        await owner.RunAsync("apply -f -", (await OrreryAsync("data-plane", "add", Name, "--server", $"https://127.0.0.1:{network.Port}")).Succeeded());
        string kubeconfig = cluster.KubectlWith((await owner.RunAsync("create token orrery-satellite -n orrery-system --duration 200h")).Trim()).Kubeconfig;
        using SatelliteProcess first = SatelliteProcess.Start(Name, kubeconfig, clock: clock);
        await Root.RunAsync($"wait --for=condition=Ready dataplane/{Name} --timeout=120s");
        Kubectl shop = await TenantAsync();

        // 1. What runs, and is known to run.
        foreach (string name in (string[])["kept", "hacked", "deleted", "goes"])
        {
            await shop.RunAsync($"create configmap {name} --from-literal=key=a");
        }

        await shop.RunAsync("apply -f -", """{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [{"name": "web", "image": "web:1"}]} }""");
        await Eventually.HoldsAsync(async () => (await owner.TryAsync($"get pod web -n {Mapped}")).ExitCode == 0, Limit);
        await SayAsync(owner, "first");
        await Eventually.EqualsAsync("first", () => shop.RunAsync($"get pods -o jsonpath={{.items[*].status.message}}"), Limit);
        await Eventually.HoldsAsync(async () => (await VersionsAsync("works", w => IsSettled(w))).Count == 5, Limit);
        string pod = await UidAsync(owner);
        Dictionary<string, string> works = await VersionsAsync("works"), observations = await VersionsAsync("observations");

        // 2. Cut off, day after day: the certificate ends, by every clock; what is changed by hand is put back, also by a satellite that starts anew meanwhile.
        network.IsDown = true;
        await Eventually.EqualsAsync("Unknown", () => ConditionAsync("Ready"), Limit);
        await shop.RunAsync("create configmap since --from-literal=key=new");
        await shop.RunAsync("delete configmap goes");
        SatelliteProcess? second = null;
        try
        {
            for (int day = 1; day <= Days; day++)
            {
                clock!.Shift = TimeSpan.FromDays(day);
                if (day == 2)
                {
                    first.Dispose();
                    second = SatelliteProcess.Start(Name, kubeconfig, clock: clock);
                }

                await owner.RunAsync($"patch configmap hacked -n {Mapped} --type=merge -p {{\"data\":{{\"key\":\"day-{day}\"}}}}");
                await owner.RunAsync($"delete configmap deleted -n {Mapped}");
                await SayAsync(owner, $"day {day}");
                await Eventually.EqualsAsync("a", () => ValueAsync(owner, "hacked"), Limit);
                await Eventually.EqualsAsync("a", () => ValueAsync(owner, "deleted"), Limit);
            }

            Assert.Equal("a", await ValueAsync(owner, "goes"));
            Assert.Equal("", await ValueAsync(owner, "since"));
            DateTimeOffset ended = DateTimeOffset.Parse(await Root.RunAsync($"get dataplane {Name} -o jsonpath={{.status.certificateExpirationTime}}"), CultureInfo.InvariantCulture);
            Assert.True(ended < clock!.Now);

            // 3. Back: it proves its former key, and waits for an operator.
            network.IsDown = false;
            await Eventually.EqualsAsync("False ApprovalNeeded", () => ConditionAsync("Identity", "{.status} {.reason}"), Limit);
            Assert.Equal("", await ValueAsync(owner, "since"));
            await Eventually.HoldsAsync(() => Task.FromResult(second!.HasSaid("its certificate has expired")), Limit);
            double lists = await ListsAsync();
            (await OrreryAsync("data-plane", "approve", Name)).Succeeded();
            await Root.RunAsync($"wait --for=condition=Ready dataplane/{Name} --timeout=120s");
            ownLists++;
            await Eventually.EqualsAsync("new", () => ValueAsync(owner, "since"), Limit);
            await Eventually.EqualsAsync("", () => ValueAsync(owner, "goes"), Limit);
            await Eventually.EqualsAsync($"day {Days}", () => shop.RunAsync("get pods -o jsonpath={.items[*].status.message}"), Limit);
            await Eventually.HoldsAsync(async () => (await VersionsAsync("works", w => IsSettled(w))).Count == 5, Limit);

            // 4. Of the days nothing was written but what differs now, and each kind was listed once, as a satellite that starts does. The tenant's pod never went.
            Dictionary<string, string> observationsNow = [];
            await Eventually.HoldsAsync(async () => Changed(observations, observationsNow = await VersionsAsync("observations")).Any(), Limit);
            Dictionary<string, string> worksNow = await VersionsAsync("works");
            Assert.StartsWith("pod-web-", Assert.Single(Changed(works, worksNow), worksNow.ContainsKey), StringComparison.Ordinal);
            Assert.Single(Changed(observations, observationsNow));
            Assert.InRange(await ListsAsync() - lists, 0, 3);
            Assert.Equal(pod, await UidAsync(owner));
        }
        finally
        {
            second?.Dispose();
        }
    }

    private async Task<Kubectl> TenantAsync()
    {
        await Root.RunAsync("apply -f -", $$$"""
            {"apiVersion": "v1", "kind": "List", "items": [
             {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "acme", "labels": {"orrery.dev/tenant": "acme"} } },
             {"apiVersion": "orrery.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": "acme"}, "spec": {} },
             {"apiVersion": "orrery.dev/v1alpha1", "kind": "VirtualCluster", "metadata": {"name": "shop", "namespace": "acme"}, "spec": {"placement": {"dataPlanes": ["{{{Name}}}"]} } }]}
            """);
        await Root.RunAsync("wait --for=condition=Ready virtualcluster/shop -n acme --timeout=120s");
        return new Kubectl(folder.Write("shop.kubeconfig", (await OrreryAsync("kubeconfig", "--virtual-cluster", "acme/shop")).Succeeded()));
    }

    private Task<Ended> OrreryAsync(params string[] arguments) =>
        Shell.RunAsync(StandIn.Program, arguments, new Dictionary<string, string> { ["ORRERY_DATA_DIR"] = folder.Path, ["KUBECONFIG"] = "", ["NO_PROXY"] = "127.0.0.1" });

    private Task<string> ConditionAsync(string type, string what = "{.status}") => Root.RunAsync($"get dataplane {Name} -o 'jsonpath={{range .status.conditions[?(@.type==\"{type}\")]}}{what}{{end}}'");

    private static Task<string> SayAsync(Kubectl owner, string message) =>
        owner.RunAsync($"patch pod web -n {Mapped} --subresource=status --type=merge -p '{{\"status\":{{\"phase\":\"Running\",\"message\":\"{message}\"}}}}'");

    private static async Task<string> ValueAsync(Kubectl owner, string name) => (await owner.TryAsync($"get configmap {name} -n {Mapped} -o jsonpath={{.data.key}}")).Output;

    private static Task<string> UidAsync(Kubectl owner) => owner.RunAsync($"get pod web -n {Mapped} -o jsonpath={{.metadata.uid}}");

    private static IEnumerable<string> Changed(Dictionary<string, string> from, Dictionary<string, string> to) =>
        from.Where(was => to.GetValueOrDefault(was.Key) != was.Value).Select(was => was.Key);

    private static bool IsSettled(JsonNode work) =>
        (work["status"]?["conditions"]?.AsArray() ?? []).Any(c => (string?)c!["type"] == "Applied" && (string?)c["status"] == "True");

    /// <summary>Resource versions by name: another where anything was reported.</summary>
    private async Task<Dictionary<string, string>> VersionsAsync(string kind, Func<JsonNode, bool>? which = null)
    {
        ownLists++;
        return JsonNode.Parse(await Root.RunAsync($"get {kind} -n dp-{Name} -o json"))!["items"]!.AsArray().Where(o => which?.Invoke(o!) ?? true)
            .ToDictionary(o => (string)o!["metadata"]!["name"]!, o => (string)o!["metadata"]!["resourceVersion"]!);
    }

    /// <summary>Lists of Orrery's own kinds that were answered, but for those of this test: nobody but the satellite that is back has a reason to.</summary>
    private async Task<double> ListsAsync() =>
        (await Root.RunAsync("get --raw /metrics")).Split('\n')
            .Where(l => l.StartsWith("apiserver_request_total{", StringComparison.Ordinal) && l.Contains("verb=\"LIST\"", StringComparison.Ordinal) && l.Contains("resource=\"custom\"", StringComparison.Ordinal) && l.Contains("code=\"200\"", StringComparison.Ordinal))
            .Sum(l => double.Parse(l[(l.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture)) - ownLists;
}
