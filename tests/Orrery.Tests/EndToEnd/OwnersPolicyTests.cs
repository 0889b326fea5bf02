namespace Orrery.Tests.EndToEnd;

/// <summary>What the owner of a cluster forbids its satellite from inside, key by key, and switching it off altogether: by the kubectl of the owner, of a tenant and of an operator.</summary>
[Collection(WatchedCollection.Name)]
public sealed class OwnersPolicyTests(Watched watched)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private Kubectl Owner => watched.DataPlane("west");

    [Fact]
    public async Task WhatTheOwnerForbids_IsRefusedInItsWords_ToEverybody_AndBackOnceItIsLetAgain()
    {
        string there = (await watched.Shop.RunAsync("get pods -l app=web -o jsonpath={.items[*].metadata.name}")).Split(' ').First(p => p.EndsWith(".east", StringComparison.Ordinal));
        await Owner.RunAsync("create configmap satellite-policy -n orrery-system --from-literal=logs=false --from-literal=exec=false --from-literal=portForward=false");
        try
        {
            // 1. Nobody gets at pods in any way; those of another data plane are as they were.
            await RestrictedAsync("no logs; no exec; no port-forward");
            await RefusedAsync($"logs {watched.Pod} -c web", "log is switched off");
            await RefusedAsync($"exec {watched.Pod} -c web -- true", "exec is switched off");
            await RefusedAsync($"cp {Repository.Root}/Orrery.slnx {watched.Pod}:/tmp/sent -c web", "exec is switched off");
            await RefusedAsync($"attach {watched.Pod} -c web", "attach is switched off");
            await RefusedAsync($"port-forward pod/{watched.Pod} :80", "portforward is switched off");
            await RefusedAsync($"get --raw /clusters/acme/shop/api/v1/namespaces/default/pods/{watched.Pod}:80/proxy/", "proxy is switched off");
            Assert.StartsWith("web", await watched.Shop.RunAsync($"logs {there} -c web --tail=1"), StringComparison.Ordinal);

            // 2. Read only: logs, and nothing that changes.
            await PolicyAsync("""{"logs": null, "exec": null, "portForward": null, "mode": "ReadOnly"}""");
            await RestrictedAsync("mode ReadOnly");
            Assert.StartsWith("web", await watched.Shop.RunAsync($"logs {watched.Pod} -c web --tail=1"), StringComparison.Ordinal);
            await RefusedAsync($"exec {watched.Pod} -c web -- true", "mode is ReadOnly");
            await watched.Shop.RunAsync("create configmap policed --from-literal=key=a");
            await HeldBackAsync("mode is ReadOnly");

            // 3. Other namespaces, other kinds.
            await PolicyAsync("""{"mode": null, "namespaces": "other-*"}""");
            await HeldBackAsync("namespace acme-shop-default is not among the allowed ones");
            await RefusedAsync($"logs {watched.Pod} -c web", "namespace acme-shop-default is not among the allowed ones");
            await PolicyAsync("""{"namespaces": null, "kinds": "Deployment.apps"}""");
            await HeldBackAsync("kind ConfigMap is not among the allowed ones");

            // 4. Operators.
            await PolicyAsync("""{"kinds": null, "proxy": "false"}""");
            await RestrictedAsync("no proxy");
            Assert.Contains("the policy of the cluster's owner does not allow it: proxy is switched off", (await watched.OrreryAsync("data-plane", "kubectl", "west", "--", "get", "pods", "-A")).Error, StringComparison.Ordinal);
            await Eventually.HoldsAsync(async () => (await Owner.TryAsync("get configmap policed -n acme-shop-default")).ExitCode == 0, Limit);

            // 5. Off: it is not heard any more, and nobody is at its pods.
            await PolicyAsync("""{"proxy": null, "mode": "Disabled"}""");
            await Eventually.EqualsAsync("Unknown", () => ConditionAsync("Ready", "{.status}"), Limit);
            await Eventually.ContainsAsync("(ServiceUnavailable)", async () => (await watched.Shop.TryAsync($"logs {watched.Pod} -c web")).Error, Limit);
        }
        finally
        {
            await Owner.RunAsync("delete configmap satellite-policy -n orrery-system");
            await watched.Root.RunAsync("wait --for=condition=Ready dataplane/west --timeout=120s");
            await watched.Shop.TryAsync("delete configmap policed");
        }
    }

    private Task<string> PolicyAsync(string data) => Owner.RunAsync($"patch configmap satellite-policy -n orrery-system --type=merge -p '{{\"data\":{data}}}'");

    private async Task RefusedAsync(string command, string says)
    {
        Ended refused = await watched.Shop.TryAsync(command);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("the policy of the cluster's owner does not allow it: " + says, refused.Error, StringComparison.Ordinal);
    }

    private Task RestrictedAsync(string says) => Eventually.ContainsAsync(says, () => ConditionAsync("Restricted", "{.message}"), Limit);

    private Task<string> ConditionAsync(string type, string what) => watched.Root.RunAsync($"get dataplane west -o 'jsonpath={{range .status.conditions[?(@.type==\"{type}\")]}}{what}{{end}}'");

    /// <summary>The tenant's object, by its Work.</summary>
    private Task HeldBackAsync(string says) => Eventually.ContainsAsync(
        says, () => watched.Root.RunAsync("get works -n dp-west -o 'jsonpath={range .items[?(@.spec.source.name==\"policed\")].status.conditions[?(@.type==\"Applied\")]}{.reason} {.message}{end}'"), Limit);
}
