using System.Diagnostics;
using System.Text.Json;

namespace Orrery.Tests.EndToEnd;

/// <summary>The commands of our own kinds, as a user calls them.</summary>
public sealed class ObjectCommandTests(CommandTests.Small installed) : IClassFixture<CommandTests.Small>
{
    [Fact]
    public async Task Tenant_FromCreateToDelete_IsWhatTheServerHolds()
    {
        Assert.Equal("tenant.orrery.dev/blue created\n", await RunAsync("tenant", "create", "blue", "--class", "small", "--labels", "tier=gold,region=eu"));
        Assert.Matches(@"^NAME +READY +CLASS .*\nblue +\S+ +small ", await RunAsync("tn", "get", "blue"));
        Assert.Equal("tenant.orrery.dev/blue\n", await RunAsync("tenant", "get", "-l", "tier=gold", "-o", "name"));
        Assert.DoesNotContain("blue", (await installed.OrreryAsync("tenant", "get", "-l", "tier=none")).Output, StringComparison.Ordinal);

        Assert.Equal("tenant.orrery.dev/blue changed\n", await RunAsync("tenant", "set", "blue", "--class", "large"));
        JsonElement json = JsonDocument.Parse(await RunAsync("tenant", "get", "blue", "-o", "json")).RootElement;
        Assert.Equal("large", json.GetProperty("spec").GetProperty("class").GetString());
        Assert.Equal("eu", json.GetProperty("metadata").GetProperty("labels").GetProperty("region").GetString());
        Assert.Contains("\n  class: large\n", await RunAsync("tenant", "get", "blue", "-o", "yaml"), StringComparison.Ordinal);
        await Eventually.HoldsAsync(
            async () => (await RunAsync("tenant", "describe", "blue")) is { } text && text.Contains("  Class:        large\n", StringComparison.Ordinal) && text.Contains("NamespaceCreated", StringComparison.Ordinal), TimeSpan.FromSeconds(60));

        Assert.Equal("tenants.orrery.dev \"blue\" deleted\n", await RunAsync("tenant", "delete", "blue"));
        Assert.Equal(1, (await installed.OrreryAsync("tenant", "get", "blue")).ExitCode);
    }

    [Fact]
    public async Task VirtualCluster_OfOptionsAndOfAFile_IsMadeWhereItSays()
    {
        await RunAsync("tenant", "create", "green");
        await Eventually.HoldsAsync(async () => (await RunAsync("tenant", "get", "green")).Contains("True", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        await RunAsync("vc", "create", "one", "-n", "green", "--data-planes", "solo", "--replicas", "Divide", "--weights", "solo=2");
        Ended made = await installed.OrreryAsync(
            "{apiVersion: orrery.dev/v1alpha1, kind: VirtualCluster, metadata: {name: two, namespace: green}}", ["virtual-cluster", "create", "-f", "-", "-o", "name"]);

        Assert.Equal("virtualcluster.orrery.dev/two\n", made.Succeeded());
        Assert.Equal(2, JsonDocument.Parse(await RunAsync("vc", "get", "one", "-n", "green", "-o", "json")).RootElement
            .GetProperty("spec").GetProperty("placement").GetProperty("weights").GetProperty("solo").GetInt32());
        Assert.Matches(@"^NAMESPACE +NAME .*\ngreen +one .*\ngreen +two ", await RunAsync("vc", "get", "-A"));
        Assert.Equal("virtualclusters.orrery.dev \"one\" deleted\nvirtualclusters.orrery.dev \"two\" deleted\n", await RunAsync("vc", "delete", "--all", "-n", "green"));
        await RunAsync("tenant", "delete", "green");
    }

    [Fact]
    public async Task Create_OnTrial_StoresNothing()
    {
        Assert.Contains("class: small", await RunAsync("tenant", "create", "grey", "--class", "small", "--dry-run", "client", "-o", "yaml"), StringComparison.Ordinal);
        Assert.Equal("tenant.orrery.dev/grey created (server dry run)\n", await RunAsync("tenant", "create", "grey", "--dry-run", "server"));
        Assert.Equal(1, (await installed.OrreryAsync("tenant", "get", "grey")).ExitCode);
    }

    [Theory]
    [InlineData("tenants.orrery.dev \"nope\" not found", "tenant", "get", "nope")]
    [InlineData("metadata.name", "tenant", "create", "Bad_Name")]
    [InlineData("want a NAME or --filename", "tenant", "create")]
    [InlineData("--member: 'boss' is no role; there are admin, developer, viewer", "tenant", "create", "acme", "--member", "jo=boss")]
    [InlineData("want names, --selector or --all", "tenant", "delete")]
    [InlineData("say what to change", "tenant", "set", "acme")]
    [InlineData("'x' is no KEY=VALUE", "tenant", "create", "acme", "--labels", "x")]
    [InlineData("--output: 'jsn' is none of table, wide, json", "tenant", "get", "-o", "jsn")]
    [InlineData("no context named 'nope'", "tenant", "get", "--context", "nope")]
    [InlineData("there is no file /nonexistent", "tenant", "get", "--kubeconfig", "/nonexistent")]
    [InlineData("names go with neither", "vc", "get", "a", "-A")]
    [InlineData("contexts holds no context named 'nope'; there are orrery", "tenant", "get", "--context", "nope")]
    [InlineData("there is no command 'orrery tenat'; did you mean tenant?", "tenat", "get")]
    [InlineData("there is no command 'orrery tenant gt'; did you mean get?", "tenant", "gt")]
    [InlineData("there is no command 'orrery data-plane remove'; did you mean delete?", "data-plane", "remove", "solo")]
    [InlineData("there is no option --outptu; did you mean --output?", "tenant", "get", "--outptu", "json")]
    [InlineData("dataplanes.orrery.dev \"sollo\" not found; did you mean solo?", "dp", "get", "sollo")]
    [InlineData("dataplanes.orrery.dev \"sollo\" not found; did you mean solo?", "dp", "set", "sollo", "--cordoned")]
    [InlineData("dataplanes.orrery.dev \"sollo\" not found; did you mean solo?", "dp", "revoke", "sollo")]
    [InlineData("dataplanes.orrery.dev \"sollo\" not found; did you mean solo?", "dp", "confirm", "sollo")]
    [InlineData("namespaces \"defualt\" not found; did you mean default?", "install", "create", "a", "-n", "defualt", "--application", "a", "--release", "b")]
    [InlineData("--watch goes with one name", "tenant", "get", "a", "b", "--watch")]
    [InlineData("applications.orrery.dev \"nope\" not found", "app", "suspend", "nope")]
    [InlineData("it has no namespace orrery-system; name the kubeconfig of one with --kubeconfig", "satellite-log", "--verify")]
    public async Task Command_ThatCannotBeDone_SaysWhyAndFails(string expected, params string[] arguments)
    {
        Ended ended = await installed.OrreryAsync(arguments);

        Assert.Equal(1, ended.ExitCode);
        Assert.Contains(expected, ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Suspend_OfAChannel_LeavesTheOthersAndWhatElseIsSaidOfIt()
    {
        await RunAsync("app", "create", "held", "--channel", "stable=a", "--channel", "edge=b");
        async Task<string> ChannelsAsync() => await RunAsync("app", "get", "held", "-o", "jsonpath={.spec.channels}");

        Assert.Equal("application.orrery.dev/held suspended (channel stable)\n", await RunAsync("app", "suspend", "held", "--channel", "stable"));
        Assert.Equal("""[{"name":"stable","release":"a","suspended":true},{"name":"edge","release":"b"}]""", await ChannelsAsync());
        await RunAsync("app", "set", "held", "--channel", "stable=c");
        Assert.Equal("""[{"name":"stable","release":"c","suspended":true},{"name":"edge","release":"b"}]""", await ChannelsAsync());
        Assert.Equal("application.orrery.dev/held resumed (channel stable)\n", await RunAsync("app", "resume", "held", "--channel", "stable"));
        Assert.Equal("""[{"name":"stable","release":"c","suspended":false},{"name":"edge","release":"b"}]""", await ChannelsAsync());
        Ended wrong = await installed.OrreryAsync("app", "suspend", "held", "--channel", "stabel");
        Assert.Equal((1, "orrery: application held has no channel stabel; did you mean stable?"), (wrong.ExitCode, wrong.Error.Trim()));

        Assert.Equal("application.orrery.dev/held suspended\n", await RunAsync("app", "suspend", "held"));
        Assert.Equal("true", await RunAsync("app", "get", "held", "-o", "jsonpath={.spec.suspended}"));
    }

    [Theory]
    [InlineData("late", "orrery: this asks the API of data plane \"late\", whose satellite is not connected; 'orrery data-plane describe late' tells since when")]
    [InlineData("sollo", "orrery: the server answered 404 NotFound: dataplanes.orrery.dev \"sollo\" not found; did you mean solo?")]
    public async Task DataPlaneKubectl_WhereNobodyAnswers_SaysWhy(string dataPlane, string expected)
    {
        Kubectl.Require();
        _ = await installed.OrreryAsync("data-plane", "create", "late");

        Ended ended = await installed.OrreryAsync("data-plane", "kubectl", dataPlane, "--", "get", "pods");
        await RunAsync("data-plane", "delete", "late");

        Assert.Equal((1, expected), (ended.ExitCode, ended.Error.Trim()));
    }

    [Fact]
    public async Task Create_OfNamesThatNobodyHas_WarnsAndNamesTheNearest()
    {
        Ended made = await installed.OrreryAsync("vc", "create", "warned", "-n", "default", "--data-planes", "solo,sollo");

        Assert.Equal(0, made.ExitCode);
        Assert.Equal("Warning: --data-planes: there is no DataPlane sollo; did you mean solo?\n", made.Error);
        await RunAsync("vc", "delete", "warned", "-n", "default");
    }

    [Fact]
    public async Task Diff_CalledWrongly_DoesNotEndLikeADifference() => Assert.Equal(2, (await installed.OrreryAsync("diff", "installation", "--nonsense")).ExitCode);

    [Fact]
    public async Task Apply_OfATenantAndWhatIsInIt_MakesChangesAndLeavesAlone()
    {
        string folder = Directory.CreateDirectory(Path.Combine(installed.Folder, "applied")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "a.yaml"), "{apiVersion: orrery.dev/v1alpha1, kind: Tenant, metadata: {name: mauve}, spec: {class: small}}");
        string rest = Path.Combine(folder, "b.json");
        await File.WriteAllTextAsync(rest, """
            {"apiVersion": "v1", "kind": "List", "items": [
              {"apiVersion": "orrery.dev/v1alpha1", "kind": "VirtualCluster", "metadata": {"name": "one", "namespace": "mauve"}, "spec": {}},
              {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "notes", "namespace": "mauve"}, "data": {"a": "b"}}]}
            """);

        Assert.Equal("tenant.orrery.dev/mauve created\nvirtualcluster.orrery.dev/one created\nconfigmap/notes created\n", await RunAsync("apply", "-f", folder));
        Assert.Equal("tenant.orrery.dev/mauve unchanged\nvirtualcluster.orrery.dev/one unchanged\nconfigmap/notes unchanged\n", await RunAsync("apply", "-f", folder));
        await File.WriteAllTextAsync(rest, "{apiVersion: v1, kind: ConfigMap, metadata: {name: notes, namespace: mauve}, data: {a: c}}");
        Assert.Equal("configmap/notes configured (server dry run)\n", await RunAsync("apply", "-f", rest, "--dry-run", "server"));
        Assert.Equal("configmap/notes configured\n", await RunAsync("apply", "-f", rest));

        // What somebody else says is not taken over by itself, and nothing is done where a kind is unknown.
        await installed.Root.RunAsync("patch configmap notes -n mauve --type merge -p '{\"data\":{\"a\":\"theirs\"}}'");
        Ended refused = await installed.OrreryAsync("apply", "-f", rest);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("--force-conflicts takes these fields over", refused.Error, StringComparison.Ordinal);
        await RunAsync("apply", "-f", rest, "--force-conflicts");
        Assert.Equal("c", await installed.Root.RunAsync("get configmap notes -n mauve -o jsonpath={.data.a}"));
        Ended unknown = await installed.OrreryAsync("{apiVersion: v1, kind: ConfigMap, metadata: {name: more, namespace: mauve}}\n---\n{apiVersion: example.test/v1, kind: Nothing, metadata: {name: x}}", ["apply", "-f", "-"]);
        Assert.Equal(1, unknown.ExitCode);
        Assert.Contains("this cluster does not serve Nothing of example.test/v1", unknown.Error, StringComparison.Ordinal);
        Assert.NotEqual(0, (await installed.Root.TryAsync("get configmap more -n mauve")).ExitCode);
        await RunAsync("tenant", "delete", "mauve");
    }

    [Fact]
    public async Task Get_Watching_TellsEachChangeUntilItIsEnded()
    {
        await RunAsync("tenant-class", "create", "watched", "--labels", "a=b");
        var start = new ProcessStartInfo(Installed.Program, ["tenant-class", "get", "-l", "a=b", "--watch", "--output-watch-events", "-o", "name"]) { RedirectStandardOutput = true };
        start.Environment["ORRERY_DATA_DIR"] = installed.Folder;
        start.Environment["KUBECONFIG"] = "";
        using Process watch = Process.Start(start)!;
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            limit.CancelAfter(TimeSpan.FromSeconds(60));
            Assert.Equal("ADDED tenantclass.orrery.dev/watched", await watch.StandardOutput.ReadLineAsync(limit.Token));
            await RunAsync("tenant-class", "set", "watched", "--labels", "c=d");
            await LineAsync("MODIFIED tenantclass.orrery.dev/watched", limit.Token);
            await RunAsync("tenant-class", "delete", "watched");
            await LineAsync("DELETED tenantclass.orrery.dev/watched", limit.Token);
        }
        finally
        {
            // Not -INT: whoever runs the tests in the background of a shell has that ignored, by us and by what we start.
            (await Shell.RunAsync("kill", ["-TERM", watch.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])).Succeeded();
            await watch.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        async Task LineAsync(string expected, CancellationToken ct)
        {
            // Controllers write beside us.
            while (await watch.StandardOutput.ReadLineAsync(ct) is { } line && line != expected)
            {
                Assert.Equal("MODIFIED tenantclass.orrery.dev/watched", line);
            }
        }
    }

    [Fact]
    public async Task Completion_OfVerbsValuesAndNames_OffersThem()
    {
        // Who completes does not wait: what the server says after two seconds is not offered.
        Assert.Equal("get\n", await RunAsync("__complete", "--", "tenant", "g"));
        Assert.Equal("json\nname\ntable\nwide\nyaml\n", await RunAsync("__complete", "--", "tenant", "get", "-o", ""));
        await Eventually.EqualsAsync("solo\n", () => RunAsync("__complete", "--", "data-plane", "describe", "s"), TimeSpan.FromSeconds(60));
        await Eventually.EqualsAsync("solo\n", () => RunAsync("__complete", "--", "vc", "create", "x", "--data-planes", "s"), TimeSpan.FromSeconds(60));
        await Eventually.EqualsAsync("other,solo\n", () => RunAsync("__complete", "--", "vc", "create", "x", "--data-planes", "other,"), TimeSpan.FromSeconds(60));
        await Eventually.EqualsAsync("--data-planes=solo\n", () => RunAsync("__complete", "--", "vc", "create", "x", "--data-planes=s"), TimeSpan.FromSeconds(60));
        Assert.Equal("orrery\n", await RunAsync("__complete", "--", "tenant", "get", "--context", ""));
        await Eventually.EqualsAsync("dp-solo\n", () => RunAsync("__complete", "--", "install", "get", "-n", "dp"), TimeSpan.FromSeconds(60));
        Assert.Equal("Normal\nWarning\n", await RunAsync("__complete", "--", "events", "--type", ""));
        Assert.Equal("--context\n--cordoned\n", await RunAsync("__complete", "--", "data-plane", "set", "solo", "--co"));
        Assert.Equal("tenant\ntenant-class\ntop\n", await RunAsync("__complete", "--", "t"));
        Ended bash = await Shell.RunAsync("bash", ["-n"], input: await RunAsync("completion", "bash"));
        Assert.Equal(0, bash.ExitCode);
    }

    /// <summary>Of what orrery has no word for.</summary>
    [Theory]
    [InlineData("bash", "-o default")]
    [InlineData("zsh", "else _files")]
    [InlineData("fish", "__fish_complete_path")]
    public async Task Completion_OfAnythingElse_IsByFiles(string shell, string files) =>
        Assert.Contains(files, await RunAsync("completion", shell), StringComparison.Ordinal);

    [Fact]
    public async Task Plugin_OfKubectl_IsTheSameProgram()
    {
        Kubectl.Require();
        string bin = Directory.CreateDirectory(Path.Combine(installed.Folder, "bin")).FullName;
        File.CreateSymbolicLink(Path.Combine(bin, "kubectl-orrery"), Repository.Launcher);
        File.CreateSymbolicLink(Path.Combine(bin, "kubectl_complete-orrery"), Repository.Launcher);
        var path = new Dictionary<string, string> { ["PATH"] = Environment.GetEnvironmentVariable("PATH") + Path.PathSeparator + bin };

        Assert.Equal("dataplane.orrery.dev/solo\n", (await installed.Root.TryAsync("orrery data-plane get -o name", environment: path)).Succeeded());
        Assert.Contains("describe\n", (await installed.Root.TryAsync("__complete orrery data-plane d", environment: path)).Output, StringComparison.Ordinal);
    }

    private async Task<string> RunAsync(params string[] arguments) => (await installed.OrreryAsync(arguments)).Succeeded();
}
