using System.Diagnostics;

namespace Orrery.Tests.EndToEnd;

/// <summary>The commands that people use every day, with the real kubectl on a virtual cluster.</summary>
[Collection(ShopCollection.Name)]
public sealed class KubectlTests(Shop shop)
{
    private const string Manifest = "examples/productpage/productpage.yaml";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("explain deployment.spec", "revisionHistoryLimit")]
    [InlineData("explain deployment.spec.template.spec.containers", "imagePullPolicy")]
    [InlineData("api-resources", "deployments")]
    [InlineData("api-versions", "apps/v1")]
    [InlineData("version", "Server Version")]
    [InlineData("cluster-info", "is running at")]
    [InlineData("auth can-i create deployments", "yes")]
    [InlineData("auth can-i --list", "*.*")]
    [InlineData("auth whoami", "acme:shop:admin")]
    [InlineData("get namespaces", "kube-system")]
    [InlineData("get serviceaccounts", "default")]
    [InlineData("get configmap kube-root-ca.crt -o yaml", "BEGIN CERTIFICATE")]
    [InlineData("get clusterroles", "cluster-admin")]
    [InlineData("get --raw /clusters/acme/shop/readyz", "ok")]
    public async Task Command_OnAVirtualCluster_Prints(string command, string expected)
    {
        // What every cluster is given comes a moment after it is ready.
        await Eventually.ContainsAsync(expected, async () => await shop.Acme.TryAsync(command) is { ExitCode: 0 } ended ? ended.Output : "", Limit);
    }

    [Theory]
    [InlineData("configmap", "create configmap made --from-literal=a=b", "made")]
    [InlineData("secret", "create secret generic made --from-literal=password=x", "made")]
    [InlineData("namespace", "create namespace made", "made")]
    [InlineData("role", "create role made --verb=get --resource=pods", "made")]
    [InlineData("rolebinding", "create rolebinding made --role=made --user=jane", "made")]
    [InlineData("serviceaccount", "create serviceaccount made", "made")]
    [InlineData("job", "create job made --image=job:1", "made")]
    [InlineData("cronjob", "create cronjob made --image=job:1 --schedule=@hourly", "made")]
    [InlineData("service", "create service clusterip made --tcp=80:8080", "made")]
    [InlineData("quota", "create quota made --hard=pods=10", "made")]
    [InlineData("poddisruptionbudget", "create poddisruptionbudget made --selector=app=made --min-available=1", "made")]
    [InlineData("ingress", "create ingress made --rule=shop.example/*=made:80", "made")]
    public async Task Create_OfEachKind_IsThereAndGoes(string kind, string command, string name)
    {
        await shop.Acme.RunAsync(command);
        Assert.Contains(name, await shop.Acme.RunAsync($"get {kind} {name} -o name"), StringComparison.Ordinal);
        await shop.Acme.RunAsync($"delete {kind} {name} --timeout=120s");
        Assert.NotEqual(0, (await shop.Acme.TryAsync($"get {kind} {name}")).ExitCode);
    }

    [Fact]
    public async Task ServerSideApplyDiffEditAndOutputs_OfOneDeployment_Work()
    {
        Kubectl globex = shop.Globex;
        await globex.RunAsync($"apply --server-side -f {Manifest}");

        // What controllers write meanwhile would be a difference between what kubectl reads first and what it is answered then.
        await globex.RunAsync("rollout status deployment/productpage --timeout=120s");

        // No difference, then one.
        await Eventually.EqualsAsync((0, ""), async () => await globex.TryAsync($"diff --server-side -f {Manifest}") is var ended ? (ended.ExitCode, ended.Output) : default, Limit);
        string changed = (await File.ReadAllTextAsync(Path.Combine(Repository.Root, Manifest))).Replace("replicas: 2", "replicas: 5", StringComparison.Ordinal);
        Ended diff = await globex.TryAsync("diff --server-side -f -", changed);
        Assert.Equal(1, diff.ExitCode);
        Assert.Contains("+  replicas: 5", diff.Output, StringComparison.Ordinal);

        // A conflict with another manager names it, force takes the field.
        Ended conflict = await globex.TryAsync("apply --server-side --field-manager=other -f -", changed);
        Assert.NotEqual(0, conflict.ExitCode);
        Assert.Contains(".spec.replicas", conflict.Error, StringComparison.Ordinal);
        await globex.RunAsync("apply --server-side --field-manager=other --force-conflicts -f -", changed);
        Assert.Equal("5", await globex.RunAsync("get deployment productpage -o jsonpath={.spec.replicas}"));

        // Editing by a scripted editor.
        Ended edited = await globex.TryAsync("edit deployment productpage", environment: new Dictionary<string, string> { ["KUBE_EDITOR"] = "sed -i s/replicas:.5/replicas:\\ 1/" });
        edited.Succeeded();
        Assert.Equal("1", await globex.RunAsync("get deployment productpage -o custom-columns=R:.spec.replicas --no-headers").ContinueWith(t => t.Result.Trim(), TaskScheduler.Default));

        // Outputs.
        Assert.Contains("kind: Deployment", await globex.RunAsync("get deployment productpage -o yaml"), StringComparison.Ordinal);
        Assert.Equal("Deployment", (await globex.JsonAsync("get deployment productpage")).GetProperty("kind").GetString());
        await globex.RunAsync($"delete -f {Manifest}");
    }

    [Fact]
    public async Task Watch_OfAConfigMap_ShowsEachChange()
    {
        await shop.Globex.RunAsync("create configmap watched --from-literal=a=0");

        // A list, watched on from its revision: of a single object kubectl drops what the watch says first, and with it a change that came after its get.
        var start = new ProcessStartInfo("kubectl", ["get", "configmaps", "--field-selector=metadata.name=watched", "-w", "-o", "custom-columns=A:.data.a", "--no-headers"]) { RedirectStandardOutput = true, Environment = { ["KUBECONFIG"] = shop.Globex.Kubeconfig } };
        using Process watch = Process.Start(start)!;
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        Task changing = ChangeAsync(enough.Token);
        List<int> seen = [];
        try
        {
            while (seen.Count < 4)
            {
                string? line = await watch.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Limit, TestContext.Current.CancellationToken);
                seen.Add(int.Parse(line ?? throw new InvalidOperationException("the watch ended"), System.Globalization.CultureInfo.InvariantCulture));
            }
        }
        finally
        {
            watch.Kill();
            await enough.CancelAsync();
            await changing;
        }

        await shop.Globex.RunAsync("delete configmap watched");

        // From whichever state it found, every change in order and none left out.
        Assert.Equal(Enumerable.Range(seen[0], seen.Count), seen);

        async Task ChangeAsync(CancellationToken until)
        {
            for (int change = 1; !until.IsCancellationRequested; change++)
            {
                await shop.Globex.RunAsync($"patch configmap watched --type=merge -p '{{\"data\":{{\"a\":\"{change}\"}}}}'");
            }
        }
    }

    [Fact]
    public async Task ClientSideApply_Twice_IsUnchanged()
    {
        await shop.Globex.RunAsync("apply -f examples/productpage/productpage.yaml -n default --dry-run=server");
        await shop.Globex.RunAsync("create namespace twice");
        await shop.Globex.RunAsync($"apply -n twice -f {Manifest}");
        string second = await shop.Globex.RunAsync($"apply -n twice -f {Manifest}");
        await shop.Globex.RunAsync("delete namespace twice --timeout=120s");

        Assert.Contains("deployment.apps/productpage unchanged", second, StringComparison.Ordinal);
        Assert.Contains("service/productpage unchanged", second, StringComparison.Ordinal);
    }

    [Fact]
    public async Task InvalidObject_IsRefusedWithTheField()
    {
        Ended bad = await shop.Acme.TryAsync("create deployment Bad_Name --image=x");

        Assert.NotEqual(0, bad.ExitCode);
        Assert.Contains("metadata.name", bad.Error, StringComparison.Ordinal);
    }
}
