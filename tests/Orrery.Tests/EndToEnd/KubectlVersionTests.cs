namespace Orrery.Tests.EndToEnd;

/// <summary>A day's work with kubectls of several versions, on root and on a virtual cluster: <c>everyday.sh</c> has the steps.</summary>
[Collection(ShopCollection.Name)]
public sealed class KubectlVersionTests(Shop shop)
{
    [Theory]
    [InlineData("kubectl", "root")]
    [InlineData("kubectl", "virtual")]
    [InlineData("kubectl-bookworm", "root")]
    [InlineData("kubectl-bookworm", "virtual")]
    [InlineData("kubectl-sid", "root")]
    [InlineData("kubectl-sid", "virtual")]
    public async Task EverydaySteps_OfAVersion_DoWhatTheyShould(string program, string cluster)
    {
        Assert.SkipUnless(Kubectl.Find(program) is not null, $"{program} is not on PATH");
        string kubeconfig = cluster == "root" ? shop.Root.Kubeconfig : shop.Acme.Kubeconfig;
        Ended version = await Shell.RunAsync(Kubectl.Find(program)!, ["version", "--client"]);
        TestContext.Current.SendDiagnosticMessage("{0}: {1}", program, version.Output);

        Ended ended = await Shell.RunAsync(
            "/bin/bash", [Path.Combine(Repository.Root, "tests", "Orrery.Tests", "EndToEnd", "everyday.sh"), Kubectl.Find(program)!, kubeconfig, $"every-{program}-{cluster}"],
            new Dictionary<string, string> { ["HOME"] = Path.GetDirectoryName(kubeconfig)! });

        Assert.True(ended.ExitCode == 0, ended.Output + ended.Error);
    }
}
