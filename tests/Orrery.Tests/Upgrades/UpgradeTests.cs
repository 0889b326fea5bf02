using System.Globalization;
using System.Text.RegularExpressions;
using Orrery.Tests.EndToEnd;

namespace Orrery.Tests.Upgrades;

/// <summary>
/// An installation that a former version has made (a tenant with a virtual cluster of a dozen kinds, an installation, a data plane with what its satellite keeps there), under the version that is tested:
/// all of it is read, changed and watched from a revision of then, and nothing in the data plane is made anew.
/// </summary>
/// <remarks>
/// What former versions wrote lies beside this file as text, a folder each. <c>ORRERY_TEST_BINARY=… Orrery.Tests -explicit only -method '*Record*'</c> writes another one, into the folder that
/// <c>ORRERY_RECORD</c> names. <c>ORRERY_OLDER_BINARY</c> names the program of another version, to be upgraded step by step while it runs.
/// </remarks>
public sealed partial class UpgradeTests : IAsyncDisposable
{
    private const string Applied = "deployments,statefulsets,daemonsets,jobs,cronjobs,services,configmaps,secrets,ingresses,networkpolicies,poddisruptionbudgets,horizontalpodautoscalers";
    private const string DataPlaneText = "data-plane.sql", LeftText = "left.txt", RevisionText = "revision.txt";

    internal const string ControlPlaneText = "control-plane.sql", NamesText = "names.txt";

    internal static readonly string Here = Path.Combine(Repository.Root, "tests", "Orrery.Tests", "Upgrades");
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly One installed = new();

    /// <summary>Those whose stores were written down; of others only what was said is kept.</summary>
    public static TheoryData<string> Versions =>
        [.. Directory.GetFiles(Here, ControlPlaneText, SearchOption.AllDirectories).Select(f => Path.GetFileName(Path.GetDirectoryName(f))!).Order(StringComparer.Ordinal)];

    public async ValueTask DisposeAsync()
    {
        await installed.DisposeAsync();
        if (Directory.Exists(installed.Folder) && !Directory.EnumerateFileSystemEntries(installed.Folder).Any())
        {
            Directory.Delete(installed.Folder);
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Start_OnWhatAFormerVersionWrote_GoesOnWithAllOfIt(string version)
    {
        Kubectl.Require();
        string Text(string name) => File.ReadAllText(Path.Combine(Here, version, name));
        StoreText.ToFile(Text(ControlPlaneText), ControlPlaneStore);
        StoreText.ToFile(Text(DataPlaneText), DataPlaneStore);

        (await installed.UpAsync()).Succeeded();

        await GoesOnAsync(Text(LeftText), Text(RevisionText));
    }

    [Fact]
    public async Task Upgrade_OfAnOlderProgramPieceByPiece_GoesOnAtEachStep()
    {
        Kubectl.Require();
        string older = Environment.GetEnvironmentVariable("ORRERY_OLDER_BINARY") ?? "";
        Assert.SkipUnless(File.Exists(older), "ORRERY_OLDER_BINARY names no program of an older version");
        (await Shell.RunAsync(older, ["up", "--detach", "--data-dir", installed.Folder, "--port", installed.Port.ToString(CultureInfo.InvariantCulture), "--data-planes", installed.DataPlanes])).Succeeded();
        string revision = await FillAsync();
        string left = await LeftAsync();

        // 1. The server first: the older satellite works with it.
        await RestartAsync("control-plane");
        await RollAsync("example.test/front:2");
        await EqualLinesAsync(left, exceptPods: true);
        await RollAsync("example.test/front:1");

        // 2. Then the satellite, and what stands for the customer's cluster.
        left = await LeftAsync();
        await RestartAsync("satellite-edge1");
        await RestartAsync("data-plane-edge1");
        await GoesOnAsync(left, revision);
    }

    [Fact(Explicit = true)]
    public async Task Record_WhatThisVersionWrites()
    {
        string folder = Environment.GetEnvironmentVariable("ORRERY_RECORD") ?? throw new InvalidOperationException("ORRERY_RECORD names no folder");
        (await installed.UpAsync()).Succeeded();
        string revision = await FillAsync();
        string left = await LeftAsync();
        (await installed.OrreryAsync("down")).Succeeded();

        // What grants something anywhere, and what happened, is left out.
        static bool IsKept(string key) => !key.StartsWith("/core/events/", StringComparison.Ordinal) && !key.StartsWith("/core/secrets/-/kube-system/", StringComparison.Ordinal)
            && !key.StartsWith("/certificates.k8s.io/", StringComparison.Ordinal) && key != "/core/secrets/-/orrery-system/orrery-satellite";
        // The satellite's key is among that: it is to be invited again, as one is whose certificate has ended.
        string controlPlane = CertificateEnd().Replace(StoreText.Of(ControlPlaneStore, IsKept), "\"certificateExpirationTime\":\"2026-01-01T00:00:00Z\"");
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, ControlPlaneText), controlPlane);
        await File.WriteAllTextAsync(Path.Combine(folder, DataPlaneText), StoreText.Of(DataPlaneStore, IsKept));
        await File.WriteAllTextAsync(Path.Combine(folder, LeftText), left);
        await File.WriteAllTextAsync(Path.Combine(folder, RevisionText), revision);
        await File.WriteAllLinesAsync(Path.Combine(folder, NamesText), ContractTests.Names);
    }

    private string ControlPlaneStore => Path.Combine(installed.Folder, "control-plane", "store.db");

    private string DataPlaneStore => Path.Combine(installed.Folder, "data-planes", "edge1", "store.db");

    private static string Manifest(string name) => Path.Combine("tests", "Orrery.Tests", "Upgrades", name);

    /// <summary>Makes everything.</summary>
    /// <returns>A revision of the virtual cluster before which the ConfigMap <c>changed</c> was made and after which it was changed.</returns>
    private async Task<string> FillAsync()
    {
        await installed.Root.RunAsync($"apply -f {Manifest("1-vendor.yaml")}");
        await installed.Root.RunAsync("wait --for=condition=Ready tenant/acme release/bookshop-1 --timeout=60s");
        await installed.Root.RunAsync($"apply -f {Manifest("2-tenant.yaml")}");
        await installed.Root.RunAsync("wait --for=condition=Ready virtualcluster/shop -n acme --timeout=60s");
        Kubectl shop = await installed.VirtualClusterAsync("acme/shop");
        await shop.RunAsync($"apply -f {Manifest("3-cluster.yaml")}");
        await Eventually.HoldsAsync(async () => (await shop.TryAsync($"apply -f {Manifest("4-custom.yaml")}")).ExitCode == 0, Limit);
        await shop.RunAsync("create configmap changed -n web --from-literal=a=b");
        string revision = await shop.RunAsync("get configmap changed -n web -o jsonpath={.metadata.resourceVersion}");
        await shop.RunAsync("patch configmap changed -n web --type=merge -p '{\"data\":{\"a\":\"c\"}}'");
        await RunsAsync(shop);
        await Eventually.EqualsAsync("c", async () => (await installed.DataPlane("edge1").TryAsync("get configmap changed -n acme-shop-web -o jsonpath={.data.a}")).Output, Limit);

        // The copy of what is wanted that the satellite keeps is made a moment after the last change.
        await Eventually.HoldsAsync(async () => (await installed.DataPlane("edge1").RunAsync("get secrets -n orrery-system -o name")).Contains("orrery-wanted", StringComparison.Ordinal), Limit);
        return revision;
    }

    private async Task RunsAsync(Kubectl shop)
    {
        await installed.Root.RunAsync("wait --for=condition=Ready dataplane/edge1 --timeout=90s");
        await installed.Root.RunAsync("wait --for=condition=Ready virtualcluster/shop installation/books -n acme --timeout=90s");
        await shop.RunAsync("rollout status -n web deployment/front --timeout=90s");
        await shop.RunAsync("rollout status -n web statefulset/db --timeout=90s");
        await shop.RunAsync("wait -n web --for=condition=Complete job/once --timeout=90s");
    }

    /// <summary>What runs in the data plane, and since when: a line an object, with its uid. What a CronJob has started by itself is none of it: its time comes in the days after something was recorded.</summary>
    private async Task<string> LeftAsync() => WithoutStarted(string.Concat(
        await installed.DataPlane("edge1").RunAsync($"get {Applied},pods -n acme-shop-web -o 'jsonpath={{range .items[*]}}{{.kind}} {{.metadata.name}} {{.metadata.uid}}{{\"\\n\"}}{{end}}'"),
        await installed.DataPlane("edge1").RunAsync($"get {Applied} -n acme-books -o 'jsonpath={{range .items[*]}}{{.kind}} {{.metadata.name}} {{.metadata.uid}}{{\"\\n\"}}{{end}}'")));

    private static string WithoutStarted(string lines) => Sorted(string.Concat(lines.Split('\n').Where(l => !StartedByCron().IsMatch(l)).Select(l => l + "\n")));

    private async Task EqualLinesAsync(string left, bool exceptPods = false)
    {
        string Some(string lines) => exceptPods ? Sorted(string.Concat(lines.Split('\n').Where(l => !l.StartsWith("Pod ", StringComparison.Ordinal)).Select(l => l + "\n"))) : lines;
        Assert.Equal(Some(left), Some(await LeftAsync()));
    }

    private static string Sorted(string lines) => string.Concat(lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal).Select(l => l + "\n"));

    /// <summary>Stops one process and starts the program that is tested in its place.</summary>
    private async Task RestartAsync(string process)
    {
        int pid = await installed.PidAsync(process) ?? throw new InvalidOperationException($"{process} does not run");
        (await Shell.RunAsync("kill", [pid.ToString(CultureInfo.InvariantCulture)])).Succeeded();
        await Eventually.HoldsAsync(async () => await installed.PidAsync(process) is null, Limit);
        (await installed.UpAsync()).Succeeded();
    }

    private async Task RollAsync(string image)
    {
        Kubectl shop = await installed.VirtualClusterAsync("acme/shop");
        await shop.RunAsync($"set image -n web deployment/front c={image}");
        await shop.RunAsync("rollout status -n web deployment/front --timeout=90s");
        Assert.Equal(image, await installed.DataPlane("edge1").RunAsync("get deployment front -n acme-shop-web -o jsonpath={.spec.template.spec.containers[0].image}"));
    }

    private async Task GoesOnAsync(string left, string revision)
    {
        string all = $"-f {Manifest("3-cluster.yaml")} -f {Manifest("4-custom.yaml")}";
        Kubectl shop = await installed.VirtualClusterAsync("acme/shop");
        await RunsAsync(shop);

        // 1. Read: all is there, and is what was applied then. (Of a PodDisruptionBudget kubectl sends the selector each time.)
        await installed.Root.RunAsync($"get -f {Manifest("1-vendor.yaml")} -f {Manifest("2-tenant.yaml")}");
        string[] applied = (await shop.RunAsync($"apply {all}")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["poddisruptionbudget.policy/front configured"], applied.Where(line => !line.EndsWith(" unchanged", StringComparison.Ordinal)));
        Assert.Equal("1", await shop.RunAsync("get poddisruptionbudget front -n web -o jsonpath={.metadata.generation}"));
        Assert.Equal("Emma", await shop.RunAsync("get book emma -n web -o jsonpath={.spec.title}"));

        // 2. Watched from a revision of then.
        //    Its two seconds may be over before a machine that is busy has told anything.
        string changes = "";
        await Eventually.HoldsAsync(
            async () => (changes = await shop.RunAsync($"get --raw /clusters/acme/shop/api/v1/namespaces/web/configmaps?watch=1&timeoutSeconds=2&fieldSelector=metadata.name%3Dchanged&resourceVersion={revision}")).Length > 0, Limit);
        Assert.Contains("\"type\":\"MODIFIED\"", changes, StringComparison.Ordinal);
        Assert.Contains("\"data\":{\"a\":\"c\"}", changes, StringComparison.Ordinal);

        // 3. Changed, each object: the data plane gets it, and has made nothing anew.
        await shop.RunAsync($"annotate {all} touched=yes --overwrite");
        string expected = Sorted("ConfigMap settings\nCronJob often\nDaemonSet agent\nDeployment front\nHorizontalPodAutoscaler front\nIngress front\nJob once\nNetworkPolicy front\nPodDisruptionBudget front\nSecret plain\nService front\nStatefulSet db\n");
        await Eventually.EqualsAsync(
            expected,
            async () => Sorted(await installed.DataPlane("edge1").RunAsync(
                $"get {Applied} -n acme-shop-web -o 'jsonpath={{range .items[?(@.metadata.annotations.touched==\"yes\")]}}{{.kind}} {{.metadata.name}}{{\"\\n\"}}{{end}}'")),
            Limit);
        await EqualLinesAsync(left);

        // 4. A rollout, another release, and the end.
        await RollAsync("example.test/front:3");
        string release = (await File.ReadAllTextAsync(Path.Combine(Here, "1-vendor.yaml"))).Split("---").Single(d => d.Contains("kind: Release\n", StringComparison.Ordinal));
        await installed.Root.RunAsync("apply -f -", release.Replace("bookshop-1", "bookshop-2", StringComparison.Ordinal).Replace("1.0.0", "2.0.0", StringComparison.Ordinal).Replace("title:", "heading:", StringComparison.Ordinal));
        await installed.Root.RunAsync("patch application bookshop --type=merge -p '{\"spec\":{\"channels\":[{\"name\":\"stable\",\"release\":\"bookshop-2\"}]}}'");
        await Eventually.EqualsAsync("Books", async () => await installed.DataPlane("edge1").RunAsync("get configmap site -n acme-books -o jsonpath={.data.heading}"), Limit);
        await shop.RunAsync("delete namespace web --timeout=90s");
        await Eventually.EqualsAsync("", async () => await installed.DataPlane("edge1").RunAsync("get namespace acme-shop-web -o name --ignore-not-found"), Limit);
    }

    [GeneratedRegex("\"certificateExpirationTime\":\"[^\"]*\"")]
    private static partial Regex CertificateEnd();

    [GeneratedRegex("^(Job|Pod) often-[0-9]")]
    private static partial Regex StartedByCron();

    /// <summary>Started by each test as it needs it.</summary>
    private sealed class One : Installed
    {
        public override string DataPlanes => "edge1";
    }
}
