using Orrery.Api;
using Orrery.Testing;

namespace Orrery.Server.Tests.Security;

/// <summary>Access as people check it: with real kubectl.</summary>
public sealed class KubectlAccessTests
{
    [Fact]
    public async Task AuthCommands_RealKubectl_AgreeWithTheServer()
    {
        Assert.SkipUnless(Kubectl.IsInstalled, "kubectl is not installed");
        await using TestServer server = await TestServer.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        using var kubectl = new Kubectl(server, ClusterName.Root);

        (await kubectl.RunAsync("create", "clusterrole", "reader", "--verb=get,list", "--resource=configmaps")).Succeeded();
        (await kubectl.RunAsync("create", "clusterrolebinding", "reader", "--clusterrole=reader", "--user=jane")).Succeeded();
        (await kubectl.RunAsync("create", "clusterrolebinding", "grant", "--clusterrole=edit", "--user=eve")).Succeeded();

        Assert.Equal("yes", (await kubectl.RunAsync("auth", "can-i", "list", "configmaps", "--as=jane")).Output.Trim());
        Assert.Equal("no", (await kubectl.RunAsync("auth", "can-i", "delete", "configmaps", "--as=jane")).Output.Trim());
        Assert.Equal("yes", (await kubectl.RunAsync("auth", "can-i", "get", "/version", "--as=jane")).Output.Trim());
        Assert.Equal("no", (await kubectl.RunAsync("auth", "can-i", "get", "/metrics", "--as=jane")).Output.Trim());
        Assert.Contains("configmaps", (await kubectl.RunAsync("auth", "can-i", "--list", "--as=jane")).Succeeded());
        Assert.Matches("Username +jane", (await kubectl.RunAsync("auth", "whoami", "--as=jane", "--as-group=dev")).Succeeded());

        KubectlResult refused = await kubectl.RunAsync("get", "secrets", "--as=jane");
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Equal("Error from server (Forbidden): secrets is forbidden: User \"jane\" cannot list resource \"secrets\" in API group \"\" in the namespace \"default\"", refused.Error.Trim());

        KubectlResult escalation = await kubectl.RunAsync("create", "rolebinding", "grab", "--clusterrole=cluster-admin", "--user=jane", "--as=jane");
        Assert.Contains("cannot create resource \"rolebindings\"", escalation.Error);
    }

    [Fact]
    public async Task ApiResources_RealKubectl_ListsWhatIsServed()
    {
        Assert.SkipUnless(Kubectl.IsInstalled, "kubectl is not installed");
        await using TestServer server = await TestServer.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        using var kubectl = new Kubectl(server, ClusterName.Root);

        string resources = (await kubectl.RunAsync("api-resources", "--no-headers")).Succeeded();

        Assert.Matches(@"(?m)^deployments +deploy +apps/v1 +true +Deployment", resources);
        Assert.Matches(@"(?m)^nodes +no +v1 +false +Node", resources);
        Assert.Contains("apps/v1", (await kubectl.RunAsync("api-versions")).Succeeded().Split('\n'));
        Assert.Contains("Server Version: v1.36.", (await kubectl.RunAsync("version")).Succeeded());
    }
}
