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
            async () => (await RunAsync("tenant", "describe", "blue")) is { } text && text.Contains("  Class:        large\n", StringComparison.Ordinal) && text.Contains("NamespaceCreated", StringComparison.Ordinal), TimeSpan.FromSeconds(20));

        Assert.Equal("tenants.orrery.dev \"blue\" deleted\n", await RunAsync("tenant", "delete", "blue"));
        Assert.Equal(1, (await installed.OrreryAsync("tenant", "get", "blue")).ExitCode);
    }

    [Fact]
    public async Task VirtualCluster_OfOptionsAndOfAFile_IsMadeWhereItSays()
    {
        await RunAsync("tenant", "create", "green");
        await Eventually.HoldsAsync(async () => (await RunAsync("tenant", "get", "green")).Contains("True", StringComparison.Ordinal), TimeSpan.FromSeconds(20));
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
    [InlineData("want names, --selector or --all", "tenant", "delete")]
    [InlineData("say what to change", "tenant", "set", "acme")]
    [InlineData("'x' is no KEY=VALUE", "tenant", "create", "acme", "--labels", "x")]
    [InlineData("'jsn' not recognized", "tenant", "get", "-o", "jsn")]
    [InlineData("no context named 'nope'", "tenant", "get", "--context", "nope")]
    [InlineData("there is no file /nonexistent", "tenant", "get", "--kubeconfig", "/nonexistent")]
    [InlineData("names go with neither", "vc", "get", "a", "-A")]
    public async Task Command_ThatCannotBeDone_SaysWhyAndFails(string expected, params string[] arguments)
    {
        Ended ended = await installed.OrreryAsync(arguments);

        Assert.Equal(1, ended.ExitCode);
        Assert.Contains(expected, ended.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Completion_OfVerbsValuesAndNames_OffersThem()
    {
        Assert.Equal("get\n", await RunAsync("__complete", "--", "tenant", "g"));
        Assert.Equal("json\nname\ntable\nwide\nyaml\n", await RunAsync("__complete", "--", "tenant", "get", "-o", ""));
        Assert.Equal("solo\n", await RunAsync("__complete", "--", "data-plane", "describe", "s"));
        Ended bash = await Shell.RunAsync("bash", ["-n"], input: await RunAsync("completion", "bash"));
        Assert.Equal(0, bash.ExitCode);
    }

    [Fact]
    public async Task Plugin_OfKubectl_IsTheSameProgram()
    {
        Kubectl.Require();
        string bin = Directory.CreateDirectory(Path.Combine(installed.Folder, "bin")).FullName;
        File.CreateSymbolicLink(Path.Combine(bin, "kubectl-orrery"), Installed.Program);
        File.CreateSymbolicLink(Path.Combine(bin, "kubectl_complete-orrery"), Installed.Program);
        var path = new Dictionary<string, string> { ["PATH"] = Environment.GetEnvironmentVariable("PATH") + Path.PathSeparator + bin };

        Assert.Equal("dataplane.orrery.dev/solo\n", (await installed.Root.TryAsync("orrery data-plane get -o name", environment: path)).Succeeded());
        Assert.Contains("describe\n", (await installed.Root.TryAsync("__complete orrery data-plane d", environment: path)).Output, StringComparison.Ordinal);
    }

    private async Task<string> RunAsync(params string[] arguments) => (await installed.OrreryAsync(arguments)).Succeeded();
}
