namespace Orrery.Tests.EndToEnd;

/// <summary>What kubectl and helm expect to find behind a workload: revisions, owners, endpoints, claims.</summary>
[Collection(ShopCollection.Name)]
public sealed class RevisionTests(Shop shop)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Deployment_ChangedAndUndone_HasOneHistoryOverAllDataPlanes()
    {
        Kubectl acme = shop.Acme;
        await acme.RunAsync("create deployment history --image=history:1 --replicas=2");
        await acme.RunAsync("rollout status deployment history --timeout=120s");
        await acme.RunAsync("set image deployment/history history=history:2");
        await acme.RunAsync("annotate deployment history kubernetes.io/change-cause=two");
        await acme.RunAsync("rollout status deployment history --timeout=120s");

        // 1. Two revisions, and all pods of the three data planes belong to the second.
        await Eventually.EqualsAsync("history:1=0,history:2=6,", ReadyAsync, Limit);
        await Eventually.ContainsAsync("2         two", HistoryAsync, Limit);
        Assert.Contains("1         <none>", await HistoryAsync(), StringComparison.Ordinal);

        // The last pod of the first revision goes a moment after the new ones are ready.
        await Eventually.EqualsAsync((6, 1), OwnersAsync, Limit);

        // 2. Undone: the first template is the newest revision.
        await acme.RunAsync("rollout undo deployment history");
        await acme.RunAsync("rollout status deployment history --timeout=120s");
        Assert.Equal("history:1", await acme.RunAsync("get deployment history -o jsonpath={.spec.template.spec.containers[0].image}"));
        await Eventually.EqualsAsync("history:1=6,history:2=0,", ReadyAsync, Limit);
        await Eventually.EqualsAsync("3", async () => await acme.RunAsync("get deployment history -o jsonpath={.metadata.annotations.deployment\\.kubernetes\\.io/revision}"), Limit);

        // What kubectl copied of the revision's own marks does not stay.
        await Eventually.EqualsAsync("", async () => await acme.RunAsync("get deployment history -o jsonpath={.metadata.annotations.orrery\\.dev/revision}"), Limit);

        // 3. A ReplicaSet that stands for a revision is placed nowhere itself, and goes with its Deployment.
        Assert.DoesNotContain("ReplicaSet", await shop.Root.RunAsync("get works -A -o jsonpath={.items[*].spec.source.kind}"), StringComparison.Ordinal);
        await acme.RunAsync("delete deployment history");
        await Eventually.EqualsAsync("", async () => await acme.RunAsync("get rs,pods -l app=history -o name"), Limit);

        Task<string> HistoryAsync() => acme.RunAsync("rollout history deployment history");

        async Task<(int Pods, int Owners)> OwnersAsync()
        {
            string[] owners = (await acme.RunAsync("get pods -l app=history -o jsonpath={.items[*].metadata.ownerReferences[0].name}")).Split(' ');
            return (owners.Length, owners.Distinct().Count());
        }

        async Task<string> ReadyAsync() => string.Concat((await acme.RunAsync(
            "get rs -l app=history -o 'jsonpath={range .items[*]}{.spec.template.spec.containers[0].image}={.status.readyReplicas}{\"\\n\"}{end}'"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal).Select(l => (l.EndsWith('=') ? l + "0" : l) + ","));
    }

    [Fact]
    public async Task StatefulSet_DeletedWithOrphan_PodsAndClaimsGoOnUnderItsSuccessor()
    {
        const string Manifest = """
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "kept"},
             "spec": {"replicas": 1, "serviceName": "kept", "selector": {"matchLabels": {"app": "kept"}},
                      "template": {"metadata": {"labels": {"app": "kept"}}, "spec": {"containers": [{"name": "db", "image": "kept:1"}]}},
                      "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]}}
            """;
        Kubectl acme = shop.Acme;
        await acme.RunAsync("create -f -", Manifest);
        await Eventually.EqualsAsync("StatefulSet StatefulSet StatefulSet", OwnersAsync, Limit);
        await Eventually.EqualsAsync("Bound Bound Bound", async () => await acme.RunAsync(
            "get pvc data-kept-0.ams9-ams data-kept-0.ny8-nyc data-kept-0.pa2-par --ignore-not-found -o jsonpath={.items[*].status.phase}"), Limit);
        string before = await PhysicalUidAsync();

        await acme.RunAsync("delete statefulset kept --cascade=orphan");
        await Eventually.EqualsAsync("", async () => await shop.DataPlane("pa2-par").RunAsync("get statefulset -n acme-shop-default -o name"), Limit);
        await Eventually.EqualsAsync("", OwnersAsync, Limit);
        Assert.Equal(before, await PhysicalUidAsync());

        await Eventually.HoldsAsync(async () => (await acme.TryAsync("create -f -", Manifest)).ExitCode == 0, Limit);
        await Eventually.EqualsAsync("StatefulSet StatefulSet StatefulSet", OwnersAsync, Limit);
        await Eventually.EqualsAsync("StatefulSet", async () => await shop.DataPlane("pa2-par").RunAsync("get pod kept-0 -n acme-shop-default -o jsonpath={.metadata.ownerReferences[0].kind}"), Limit);
        Assert.Equal(before, await PhysicalUidAsync());

        // A claim that its tenant deletes goes in its data plane.
        await acme.RunAsync("delete statefulset kept");
        await Eventually.EqualsAsync("", async () => await acme.RunAsync("get pods -l app=kept -o name"), Limit);
        await acme.RunAsync("delete pvc data-kept-0.ams9-ams data-kept-0.ny8-nyc data-kept-0.pa2-par --timeout=120s");
        await Eventually.EqualsAsync("", () => shop.DataPlane("pa2-par").RunAsync("get pvc -n acme-shop-default -o name"), Limit);

        Task<string> OwnersAsync() => acme.RunAsync("get pods -l app=kept -o jsonpath={.items[*].metadata.ownerReferences[0].kind}");
        Task<string> PhysicalUidAsync() => shop.DataPlane("pa2-par").RunAsync("get pod kept-0 -n acme-shop-default -o jsonpath={.metadata.uid}");
    }

    [Fact]
    public async Task Service_ShowsTheEndpointsOfEveryDataPlane()
    {
        Kubectl acme = shop.Acme;
        await acme.RunAsync("create deployment serving --image=serving:1 --replicas=1");
        await acme.RunAsync("expose deployment serving --port=80");
        await Eventually.EqualsAsync("ams9-ams=true ny8-nyc=true pa2-par=true", async () => string.Join(' ', (await acme.RunAsync(
            "get endpointslices -l kubernetes.io/service-name=serving -o 'jsonpath={range .items[*].endpoints[*]}{.zone}={.conditions.ready}{\"\\n\"}{end}'"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)), Limit);
        // Their pods are mirrored apart from them.
        await Eventually.MatchesAsync(
            "^(serving-[a-z0-9]+-[a-z0-9]+\\.(ams9-ams|ny8-nyc|pa2-par) ?){3}$",
            () => acme.RunAsync("get endpointslices -l kubernetes.io/service-name=serving -o jsonpath={.items[*].endpoints[*].targetRef.name}"),
            Limit);
        await acme.RunAsync("delete service/serving deployment/serving");
        await Eventually.EqualsAsync("", async () => await acme.RunAsync("get endpointslices -l kubernetes.io/service-name=serving -o name"), Limit);
    }
}
