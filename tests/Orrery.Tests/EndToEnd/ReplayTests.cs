using System.Globalization;
using System.Text.RegularExpressions;

namespace Orrery.Tests.EndToEnd;

/// <summary>What a real kube-apiserver answered, played against a virtual cluster and against root.</summary>
public sealed partial class ReplayTests(Shop shop) : IClassFixture<Shop>
{
    /// <summary>Bodies that must agree, of 438. Raise it with the server; never lower it.</summary>
    private const int Floor = 437;

    /// <summary>Texts that must agree too. Descriptions of table columns are this project's own, in 32 of the steps.</summary>
    private const int MessageFloor = 403;

    [Theory]
    [InlineData("")]
    [InlineData("acme/replay")]
    public async Task RecordedAnswers_OfARealServer_AgreeWithOurs(string virtualCluster)
    {
        Assert.SkipUnless(Repository.Shared is not null, "the recorded answers are not beside the repository");
        Assert.SkipUnless(await HasPythonAsync(), "python3, which plays them, is not on PATH");
        if (virtualCluster.Length > 0)
        {
            // On no data plane: what is compared is the API server.
            await shop.Root.RunAsync("apply -f -", Unplaced);
            await shop.Root.RunAsync("wait --for=condition=Ready virtualcluster/replay -n acme --timeout=30s");
        }

        string[] arguments = virtualCluster.Length == 0 ? ["kubeconfig", "--token"] : ["kubeconfig", "--token", "--virtual-cluster", virtualCluster];
        string kubeconfig = (await shop.OrreryAsync(arguments)).Succeeded();
        string folder = Path.Combine(Repository.Shared!, "kubernetes");

        Ended ended = await Shell.RunAsync("python3", [
            Path.Combine(folder, "replay.py"),
            "--url", Value(kubeconfig, "server"), "--token", Value(kubeconfig, "token"),
            .. Directory.EnumerateFiles(Path.Combine(folder, "transcripts"), "*.json").Order(StringComparer.Ordinal),
        ]);

        Match total = Total().Match(ended.Output);
        Assert.True(total.Success, ended.Output + ended.Error);
        TestContext.Current.SendDiagnosticMessage("{0}: {1}", virtualCluster, total.Value);
        Assert.True(int.Parse(total.Groups[1].ValueSpan, CultureInfo.InvariantCulture) >= Floor, ended.Output);
        Assert.True(int.Parse(total.Groups[2].ValueSpan, CultureInfo.InvariantCulture) >= MessageFloor, ended.Output);
    }

    private static async Task<bool> HasPythonAsync() =>
        (await Shell.RunAsync("/bin/sh", ["-c", "command -v python3"])).ExitCode == 0;

    private const string Unplaced = """
        apiVersion: orrery.dev/v1alpha1
        kind: VirtualCluster
        metadata: { namespace: acme, name: replay }
        spec: {}
        """;

    private static string Value(string kubeconfig, string name) =>
        Regex.Match(kubeconfig, $"{name}: \"?([^\"\n]+)\"?").Groups[1].Value;

    [GeneratedRegex(@"total: (\d+) of (\d+) steps agree; status \d+, messages (\d+)")]
    private static partial Regex Total();
}
