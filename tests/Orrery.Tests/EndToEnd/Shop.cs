namespace Orrery.Tests.EndToEnd;

/// <summary>An installation with the demo's fleet: tenant <c>acme</c>, virtual cluster <c>shop</c>, and a second tenant <c>globex</c> beside it.</summary>
public sealed class Shop : Installed
{
    internal Kubectl Acme { get; private set; } = null!;

    internal Kubectl Globex { get; private set; } = null!;

    protected override async Task PrepareAsync()
    {
        Kubectl.Require();
        await Root.RunAsync("apply -f examples/fleet/fleet.yaml");
        string fleet = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "examples", "fleet", "fleet.yaml"));
        await Root.RunAsync("apply -f -", fleet.Replace("acme", "globex", StringComparison.Ordinal));
        foreach (string tenant in (string[])["acme", "globex"])
        {
            await Root.RunAsync($"wait --for=condition=Ready virtualcluster/shop -n {tenant} --timeout=120s");
        }

        Acme = await VirtualClusterAsync("acme/shop");
        Globex = await VirtualClusterAsync("globex/shop");
    }
}

[CollectionDefinition(Name)]
public sealed class ShopCollection : ICollectionFixture<Shop>
{
    public const string Name = "shop";
}
