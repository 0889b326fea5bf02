using Orrery.Api;
using Orrery.Client;
using Orrery.Commands;
using Orrery.Installation;

namespace Orrery.Demo;

/// <summary>One application on three clusters through one virtual cluster, told by commands with their real output.</summary>
internal static class DemoStory
{
    private static readonly ClusterName Shop = new("acme", "shop");

    /// <summary>One thing shown: what the reader is to see, kubectl's arguments, and the same through our own client for a machine without kubectl.</summary>
    private sealed record Step(string? Text, string Command, Func<OwnClient, CancellationToken, Task> Without);

    public static async Task RunAsync(RunningInstallation installation, TimeProvider time, CancellationToken cancellationToken)
    {
        // 1. The vendor's side: a tenant, and a virtual cluster on the three data planes.
        Console.WriteLine("The vendor makes a tenant and gives it a virtual cluster on three data planes.\n");
        var own = new OwnClient(installation.Root, time);
        string? program = Kubectl.Find();
        if (program is null)
        {
            SayHowToGetKubectl();
        }

        await ShowAsync(program, installation.Directory.AdminKubeconfig, own, Vendor(Manifest("fleet/fleet.yaml")), cancellationToken).ConfigureAwait(false);

        // 2. The tenant's side, with a credential that reaches this virtual cluster and nothing else.
        string kubeconfig = await VirtualClusterAccess.WriteKubeconfigAsync(installation.Directory, installation.Settings, Shop, time, cancellationToken).ConfigureAwait(false);
        Console.WriteLine($"The tenant uses its virtual cluster as any Kubernetes cluster.\n\n$ export KUBECONFIG={kubeconfig}\n");
        using var shop = new KubeClient(KubeConfig.Load(kubeconfig));
        await ShowAsync(program, kubeconfig, new OwnClient(shop, time), Tenant(Manifest("productpage/productpage.yaml")), cancellationToken).ConfigureAwait(false);

        // 3. How to go on.
        SayHowToGoOn(installation, kubeconfig);
    }

    private static Step[] Vendor(string fleet) =>
    [
        new(null, $"apply -f {fleet}", (c, t) => c.ApplyAsync(fleet, t)),
        new(null, "wait --for=condition=Ready virtualcluster/shop -n acme --timeout=60s", (c, t) => c.WaitForConditionAsync("virtualclusters.v1alpha1.orrery.dev", "acme", "shop", "Ready", t)),
        new(null, "get dataplanes,virtualsites,tenants,virtualclusters -A", (c, t) => c.ShowTablesAsync(["dataplanes.v1alpha1.orrery.dev", "virtualsites.v1alpha1.orrery.dev", "tenants.v1alpha1.orrery.dev", "virtualclusters.v1alpha1.orrery.dev"], t)),
    ];

    private static Step[] Tenant(string productpage) =>
    [
        new("A Deployment with two replicas, a Service and a ConfigMap:", $"apply -f {productpage}", (c, t) => c.ApplyAsync(productpage, t)),
        new(null, "wait --for=jsonpath='{.status.readyReplicas}'=6 deployment/productpage --timeout=60s", (c, t) => c.WaitForReplicasAsync("productpage", 6, t)),
        new("It runs twice in each of three clusters, and is one Deployment here:", "get deployments", (c, t) => c.ShowTablesAsync(["deployments.v1.apps"], t)),
        new(null, "get pods -o wide -L orrery.dev/data-plane", (c, t) => c.ShowTablesAsync(["pods.v1."], t)),
        new(null, "get nodes -L orrery.dev/data-plane", (c, t) => c.ShowTablesAsync(["nodes.v1."], t)),
        new("Three replicas in each:", "scale deployment productpage --replicas=3", (c, t) => c.ScaleAsync("productpage", 3, t)),
        new(null, "wait --for=jsonpath='{.status.readyReplicas}'=9 deployment/productpage --timeout=60s", (c, t) => c.WaitForReplicasAsync("productpage", 9, t)),
        new(null, "get deployments", (c, t) => c.ShowTablesAsync(["deployments.v1.apps"], t)),
        new("Only in Europe from now on, so it leaves ny8-nyc:", "annotate deployment productpage orrery.dev/virtual-sites=europe", (c, t) => c.AnnotateAsync("productpage", "orrery.dev/virtual-sites", "europe", t)),
        new(null, "wait --for=jsonpath='{.status.replicas}'=6 deployment/productpage --timeout=60s", (c, t) => c.WaitForReplicasAsync("productpage", 6, t)),
        new(null, "wait --for=delete pod -l orrery.dev/data-plane=ny8-nyc --timeout=60s", (c, t) => c.WaitForNoPodsAsync("orrery.dev/data-plane=ny8-nyc", t)),
        new(null, "get deployments", (c, t) => c.ShowTablesAsync(["deployments.v1.apps"], t)),
        new(null, "get pods -o wide -L orrery.dev/data-plane", (c, t) => c.ShowTablesAsync(["pods.v1."], t)),
        new("And gone everywhere:", $"delete -f {productpage}", (c, t) => c.DeleteAsync(productpage, t)),
        new(null, "wait --for=delete pod -l app=productpage --timeout=60s", (c, t) => c.WaitForNoPodsAsync("app=productpage", t)),
        new(null, "get deployments,pods", (c, t) => c.ShowTablesAsync(["deployments.v1.apps", "pods.v1."], t)),
    ];

    private static async Task ShowAsync(string? program, string kubeconfig, OwnClient own, Step[] steps, CancellationToken cancellationToken)
    {
        foreach (Step step in steps)
        {
            if (step.Text is not null)
            {
                Console.WriteLine(step.Text + "\n");
            }

            if (program is not null)
            {
                await new Kubectl(program, kubeconfig).ShowAsync(step.Command, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                Console.WriteLine($"(as kubectl {step.Command})");
                await step.Without(own, cancellationToken).ConfigureAwait(false);
                Console.WriteLine();
            }
        }
    }

    /// <summary>The manifest as a user would name it from the repository, or where the program's own copy is.</summary>
    private static string Manifest(string name)
    {
        string here = Path.Combine("examples", name);
        string own = Path.Combine(AppContext.BaseDirectory, "examples", name);
        return File.Exists(here) ? here
            : File.Exists(own) ? own
            : throw new CommandFailedException($"{own} is missing: this program was not built completely");
    }

    private static void SayHowToGetKubectl() => Console.WriteLine("""
        kubectl is not on PATH. Debian has it in the package 'kubectl' (13 and later) or 'kubernetes-client':

            apt-get install kubectl

        What follows is the same story through Orrery's own client.

        """);

    private static void SayHowToGoOn(RunningInstallation installation, string kubeconfig)
    {
        string where = installation.DataDirOption;
        Console.WriteLine($"""
            That was the whole road: one virtual API, three clusters. Go on by hand:

              export KUBECONFIG={kubeconfig}          # the tenant's virtual cluster
              kubectl apply -f {Manifest("productpage/productpage.yaml")}
              kubectl get deployments,pods,nodes -o wide

              export KUBECONFIG={installation.Directory.AdminKubeconfig}          # the vendor's root cluster
              kubectl get dataplanes,virtualsites,tenants,virtualclusters,works -A

              ./orrery kubeconfig --data-plane {installation.Settings.DataPlanes[0]}{where}          # what really runs in one data plane
              ./orrery status{where}
              ./orrery down{where}          # stops everything; the data stays in {installation.Directory.Path}
            """);
    }
}
