using System.Diagnostics;
using System.Text.RegularExpressions;
using Orrery.Testing;

namespace Orrery.Tests.EndToEnd;

/// <summary>What else kubectl does through a tunnel: several ports at once, those of a Service, folders, and parts of logs.</summary>
[Collection(WatchedCollection.Name)]
public sealed partial class ForwardedPortTests(Watched watched)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task PortForward_OfSeveralPorts_LeadsToEach(bool webSockets)
    {
        // A pod's own, and those of a Service: by its number, and by a name that the pod's port has.
        await AnswersAsync(webSockets, ["pod/" + watched.Pod, ":80", ":81"], watched.PodThere);
        await AnswersAsync(webSockets, ["service/web", ":8080", ":admin"], "web-");
    }

    [Fact]
    public async Task Copy_OfAFolder_GoesThereAndBack()
    {
        string folder = Path.Combine(watched.Folder, "copied"), back = folder + ".back";
        Directory.CreateDirectory(Path.Combine(folder, "within"));
        await File.WriteAllTextAsync(Path.Combine(folder, "top"), "carried\n", Token);
        await File.WriteAllBytesAsync(Path.Combine(folder, "within", "zeros"), new byte[300_000], Token);

        await watched.Shop.RunAsync($"cp {folder} {watched.Pod}:/tmp/copied -c web");
        await watched.Shop.RunAsync($"cp {watched.Pod}:/tmp/copied {back} -c web");

        Assert.Equal("carried\n", await File.ReadAllTextAsync(Path.Combine(back, "top"), Token));
        Assert.Equal(new byte[300_000], await File.ReadAllBytesAsync(Path.Combine(back, "within", "zeros"), Token));
    }

    [Fact]
    public async Task Logs_OfAWorkload_OfItsPods_AndOfPartOfThem_AreWhatIsAskedFor()
    {
        Assert.Contains("web started in pod web-", await watched.Shop.RunAsync("logs deployment/web -c web"), StringComparison.Ordinal);
        Assert.Equal(2, (await watched.Shop.RunAsync("logs deployment/web --all-pods -c web --tail=1")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal("web star", await watched.Shop.RunAsync($"logs {watched.Pod} -c web --limit-bytes=8"));
        Assert.Contains("web-", await watched.Shop.RunAsync("logs -l app=web -c web --tail=-1 --max-log-requests=2 --ignore-errors"), StringComparison.Ordinal);
    }

    private async Task AnswersAsync(bool webSockets, string[] what, string pod)
    {
        var start = new ProcessStartInfo("kubectl", ["port-forward", .. what]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Repository.Root };
        foreach ((string name, string value) in Watched.Streams(webSockets))
        {
            start.Environment[name] = value;
        }

        start.Environment["KUBECONFIG"] = watched.Shop.Kubeconfig;
        using Process forward = Process.Start(start)!;
        try
        {
            // 1. A line for each port, by each of the families.
            var ports = new Dictionary<string, string>();
            while (ports.Count < 2)
            {
                string line = await forward.StandardOutput.ReadLineAsync(Token).AsTask().WaitAsync(Limit, Token) ?? throw new InvalidOperationException(await forward.StandardError.ReadToEndAsync(Token));
                if (Forwarding().Match(line) is { Success: true } found)
                {
                    ports[found.Groups[2].Value] = found.Groups[1].Value;
                }
            }

            // 2. Each leads to what it names.
            using var http = new HttpClient { Timeout = Limit };
            foreach (string port in (string[])["80", "81"])
            {
                string answer = await http.GetStringAsync(new Uri($"http://127.0.0.1:{ports[port]}/to/{port}"), Token);
                Assert.StartsWith("pod: " + pod, answer, StringComparison.Ordinal);
                Assert.Contains($"\nport: {port}\nasked: GET /to/{port}\n", answer, StringComparison.Ordinal);
            }
        }
        finally
        {
            ProcessSignals.Kill(forward);
        }
    }

    [GeneratedRegex(@"Forwarding from 127\.0\.0\.1:(\d+) -> (\d+)")]
    private static partial Regex Forwarding();
}
