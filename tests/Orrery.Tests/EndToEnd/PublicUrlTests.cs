using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Tests.EndToEnd;

/// <summary>A control plane behind an address of another machine.</summary>
public sealed class PublicUrlTests : IDisposable
{
    private readonly TempDirectory folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Kubeconfig_ThatIsHandedOut_NamesTheAddressThatUsersAreTold()
    {
        int port = FreePort.Take();
        using var server = new ServeProcess(Repository.Program, folder.Path, port, ["--public-url", "https://api.example.test:7443"], TimeProvider.System);
        server.Start();
        await server.ReadyAsync(Token);
        using KubeClient root = server.Admin();
        await Orrery.Testing.Eventually.TrueAsync(() => MadeAsync(root, OrreryResources.Tenants, "", "Tenant", "acme"), "tenants are taken", TimeSpan.FromSeconds(60), Token);
        await Orrery.Testing.Eventually.TrueAsync(() => MadeAsync(root, OrreryResources.VirtualClusters, "acme", "VirtualCluster", "shop"), "the tenant has its namespace", TimeSpan.FromSeconds(60), Token);

        string shop = await PrintedAsync("--virtual-cluster", "acme/shop");
        string administrator = await PrintedAsync();
        string ada = await PrintedAsync("--user", "ada");
        string own = await File.ReadAllTextAsync(Path.Combine(folder.Path, "kubeconfig"), Token);

        Assert.Contains("server: \"https://api.example.test:7443/clusters/acme/shop\"", shop, StringComparison.Ordinal);
        Assert.Contains("server: \"https://api.example.test:7443\"", administrator, StringComparison.Ordinal);
        Assert.Contains("server: \"https://api.example.test:7443\"", ada, StringComparison.Ordinal);
        Assert.Contains($"server: \"https://127.0.0.1:{port}\"", own, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kubeconfig_OfAServerOnAnotherPortThanBefore_NamesThatPort()
    {
        using (var first = new ServeProcess(Repository.Program, folder.Path, FreePort.Take(), [], TimeProvider.System))
        {
            first.Start();
            await first.ReadyAsync(Token);
        }

        int port = FreePort.Take();
        using var second = new ServeProcess(Repository.Program, folder.Path, port, [], TimeProvider.System);
        second.Start();
        await second.ReadyAsync(Token);

        Assert.Contains($"server: \"https://127.0.0.1:{port}\"", await PrintedAsync(), StringComparison.Ordinal);
        Assert.Contains($"server: \"https://127.0.0.1:{port}\"", await PrintedAsync("--user", "ada"), StringComparison.Ordinal);
    }

    private async Task<string> PrintedAsync(params string[] arguments) =>
        (await Shell.RunAsync(Repository.Program, ["kubeconfig", .. arguments, "--data-dir", folder.Path])).Succeeded();

    private static async Task<bool> MadeAsync(KubeClient root, GroupVersionResource resource, string ns, string kind, string name)
    {
        try
        {
            await root.CreateAsync(resource, ns, new JsonObject { ["apiVersion"] = resource.ApiVersion, ["kind"] = kind, ["metadata"] = new JsonObject { ["name"] = name }, ["spec"] = new JsonObject() }, Token);
            return true;
        }
        catch (StatusException refusal) when (refusal.Code is 403 or 404)
        {
            return false;
        }
    }
}
