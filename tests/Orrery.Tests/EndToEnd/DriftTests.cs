namespace Orrery.Tests.EndToEnd;

/// <summary>What was changed by hand in a data plane comes back; what is somebody else's is left alone.</summary>
[Collection(ShopCollection.Name)]
public sealed class DriftTests(Shop shop)
{
    /// <summary>Seconds on a machine of its own.</summary>
    private static readonly TimeSpan BackWithin = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Deployment_DeletedOrChangedByHand_ComesBack()
    {
        Kubectl inside = shop.DataPlane("ny8-nyc");
        await shop.Acme.RunAsync("create deployment drift --image=drift:1 --replicas=1");
        await Eventually.EqualsAsync("1", ReplicasAsync, Limit);

        string before = await UidAsync();
        await inside.RunAsync("delete deployment drift -n acme-shop-default --wait=false");
        await Eventually.HoldsAsync(async () => await UidAsync() is { Length: > 0 } uid && uid != before && await ReplicasAsync() == "1", BackWithin);

        await inside.RunAsync("scale deployment drift -n acme-shop-default --replicas=4");
        await Eventually.EqualsAsync("1", ReplicasAsync, BackWithin);

        await inside.RunAsync("set image deployment/drift -n acme-shop-default drift=stranger:9");
        await Eventually.EqualsAsync("drift:1", async () => (await inside.TryAsync("get deployment drift -n acme-shop-default -o jsonpath={.spec.template.spec.containers[0].image}")).Output, BackWithin);

        await shop.Acme.RunAsync("delete deployment drift");
        await Eventually.EqualsAsync("", ReplicasAsync, Limit);

        async Task<string> ReplicasAsync() => (await inside.TryAsync("get deployment drift -n acme-shop-default -o jsonpath={.spec.replicas}")).Output;
        async Task<string> UidAsync() => (await inside.TryAsync("get deployment drift -n acme-shop-default -o jsonpath={.metadata.uid}")).Output;
    }

    [Fact]
    public async Task ObjectOfSomebodyElse_WithTheSameName_IsNeverTouched()
    {
        Kubectl inside = shop.DataPlane("pa2-par");

        // Any object brings the mapped namespace into being, and keeps it there.
        await shop.Acme.RunAsync("create configmap touch --from-literal=a=b");
        await Eventually.EqualsAsync(0, async () => (await inside.TryAsync("get configmap touch -n acme-shop-default")).ExitCode, Limit);
        await inside.RunAsync("create configmap theirs -n acme-shop-default --from-literal=owner=them");
        string before = await inside.RunAsync("get configmap theirs -n acme-shop-default -o jsonpath={.metadata.resourceVersion}");

        await shop.Acme.RunAsync("create configmap theirs --from-literal=owner=acme");

        // The Work says so, the other data planes have it, and theirs is as it was.
        await Eventually.EqualsAsync("False", async () => await shop.Root.RunAsync("get works -n dp-pa2-par -o 'jsonpath={.items[?(@.spec.source.name==\"theirs\")].status.conditions[?(@.type==\"Applied\")].status}'"), Limit);
        await Eventually.EqualsAsync("acme", async () => (await shop.DataPlane("ny8-nyc").TryAsync("get configmap theirs -n acme-shop-default -o jsonpath={.data.owner}")).Output, Limit);
        await shop.Acme.RunAsync("delete configmap theirs");
        await Eventually.EqualsAsync("", async () => await shop.Root.RunAsync("get works -n dp-pa2-par -o 'jsonpath={.items[?(@.spec.source.name==\"theirs\")].metadata.name}'"), Limit);
        Assert.Equal("them", await inside.RunAsync("get configmap theirs -n acme-shop-default -o jsonpath={.data.owner}"));
        Assert.Equal(before, await inside.RunAsync("get configmap theirs -n acme-shop-default -o jsonpath={.metadata.resourceVersion}"));
        await inside.RunAsync("delete configmap theirs -n acme-shop-default");
        await shop.Acme.RunAsync("delete configmap touch");
    }
}
