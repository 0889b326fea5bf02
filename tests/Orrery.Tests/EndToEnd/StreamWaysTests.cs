using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Orrery.Testing;

namespace Orrery.Tests.EndToEnd;

/// <summary>
/// Streams into pods through the tunnel by the real kubectl, in both of the ways that it has (WebSockets, and SPDY as all of them did before 1.31): in a virtual cluster, and in root, where the whole
/// API of a data plane is reached through its satellite.
/// </summary>
[Collection(ShopCollection.Name)]
public sealed partial class StreamWaysTests(Shop shop)
{
    private const string Mapped = "acme-shop-default";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    public async Task ExecCopyAttachAndPortForward_ByEitherProtocol_InAVirtualClusterAndInRoot(string webSockets)
    {
        string name = webSockets == "true" ? "bysockets" : "byspdy";
        Kubectl acme = shop.Acme;
        await acme.RunAsync($"create deployment {name} --image={name}:1 --replicas=1");
        await acme.RunAsync($"rollout status deployment {name} --timeout=120s");
        string pod = "";
        await Eventually.MatchesAsync("^" + name + "-[a-z0-9-]+[.]pa2-par$", async () => pod = (await acme.RunAsync($"get pods -l app={name} -o jsonpath={{.items[*].metadata.name}}")).Split(' ').First(p => p.EndsWith(".pa2-par", StringComparison.Ordinal)), Limit);
        string there = pod[..pod.LastIndexOf('.')];
        try
        {
            // 1. In the virtual cluster.
            await WaysAsync("kubectl", [], pod, there, webSockets);

            // 2. In root, through the satellite: the pod as it is in its data plane.
            await WaysAsync(Installed.Program, ["data-plane", "kubectl", "pa2-par", "--", "-n", Mapped], there, there, webSockets);
        }
        finally
        {
            await acme.RunAsync($"delete deployment {name}");
        }
    }

    private async Task WaysAsync(string program, string[] first, string pod, string there, string webSockets)
    {
        // 1. A program: its output, its input, its exit code.
        Ended ended = await Shell.RunAsync(program, [.. first, "exec", "-i", pod, "--", "sh"], Settings(program, webSockets), "echo from stdin\nexit 7\n");
        Assert.Equal((7, "from stdin\n"), (ended.ExitCode, ended.Output));

        // 2. A file, there and back.
        string file = Path.Combine(shop.Folder, $"sent-{webSockets}-{pod}");
        await File.WriteAllTextAsync(file, string.Concat(Enumerable.Range(0, 5_000).Select(i => $"line {i}\n")), Token);
        (await Shell.RunAsync(program, [.. first, "cp", file, $"{pod}:/tmp/sent"], Settings(program, webSockets))).Succeeded();
        (await Shell.RunAsync(program, [.. first, "cp", $"{pod}:/tmp/sent", file + ".back"], Settings(program, webSockets))).Succeeded();
        Assert.Equal(await File.ReadAllTextAsync(file, Token), await File.ReadAllTextAsync(file + ".back", Token));

        // 3. What it prints from now on.
        using (Process attached = Start(program, [.. first, "attach", pod], webSockets))
        {
            try
            {
                Assert.Contains("has been running", await LineAsync(attached, l => l.Contains("running", StringComparison.Ordinal)), StringComparison.Ordinal);
            }
            finally
            {
                await EndAsync(attached);
            }
        }

        // 4. A port.
        string port = "";
        using Process forward = Start(program, [.. first, "port-forward", $"pod/{pod}", ":80"], webSockets);
        try
        {
            port = Forwarding().Match(await LineAsync(forward, l => Forwarding().IsMatch(l))).Groups[1].Value;
            using var http = new HttpClient { Timeout = Limit };
            string[] answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/order/{i}"), Token)));
            Assert.All(answers.Index(), a => Assert.StartsWith($"pod: {there}\n", a.Item, StringComparison.Ordinal));
            Assert.All(answers.Index(), a => Assert.EndsWith($"asked: GET /order/{a.Index}\n", a.Item, StringComparison.Ordinal));
        }
        finally
        {
            await EndAsync(forward);
        }

        // Nobody listens there any more.
        await Eventually.HoldsAsync(
            async () =>
            {
                using var client = new TcpClient();
                return await Record.ExceptionAsync(() => client.ConnectAsync("127.0.0.1", int.Parse(port, CultureInfo.InvariantCulture), Token).AsTask()) is SocketException;
            },
            Limit);
    }

    [Fact]
    public async Task Logs_ByTimeAndByContainer_ReadWhatTheyAskFor()
    {
        Kubectl acme = shop.Acme;
        await acme.RunAsync("create -f -", """
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "twofold"}, "spec": {"containers": [{"name": "front", "image": "front:1"}, {"name": "back", "image": "back:1"}]}}
            """);
        await acme.RunAsync("wait pod/twofold --for=condition=Ready --timeout=120s");

        // 1. Each container its own, and all together; without a name the first, said beside it.
        Assert.StartsWith("back started", await acme.RunAsync("logs twofold -c back"), StringComparison.Ordinal);
        Assert.StartsWith("front started", await acme.RunAsync("logs twofold"), StringComparison.Ordinal);
        Assert.Equal(["[pod/twofold/back]", "[pod/twofold/front]"], (await acme.RunAsync("logs twofold --all-containers --prefix")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ')[0]).Distinct().Order(StringComparer.Ordinal));

        // 2. By time: since an hour ago all, since a time that comes nothing.
        Assert.StartsWith("front started", await acme.RunAsync("logs twofold -c front --since=1h"), StringComparison.Ordinal);
        string later = TimeProvider.System.GetUtcNow().AddHours(1).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        Assert.Equal("", await acme.RunAsync($"logs twofold -c front --since-time={later}"));
        await acme.RunAsync("delete pod twofold --wait=false");
    }

    [GeneratedRegex(@"Forwarding from 127\.0\.0\.1:(\d+)")]
    private static partial Regex Forwarding();

    private Dictionary<string, string> Settings(string program, string webSockets) => new()
    {
        ["KUBECONFIG"] = program == Installed.Program ? "" : shop.Acme.Kubeconfig, ["ORRERY_DATA_DIR"] = shop.Folder, ["NO_PROXY"] = "127.0.0.1", ["HOME"] = shop.Folder, ["KUBECTL_REMOTE_COMMAND_WEBSOCKETS"] = webSockets, ["KUBECTL_PORT_FORWARD_WEBSOCKETS"] = webSockets,
    };

    private Process Start(string program, string[] arguments, string webSockets)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = Repository.Root };
        foreach ((string name, string value) in Settings(program, webSockets))
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    private static async Task<string> LineAsync(Process process, Predicate<string> wanted)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(Limit);
        while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            if (wanted(line))
            {
                return line;
            }
        }

        throw new InvalidOperationException("it ended: " + await process.StandardError.ReadToEndAsync(limit.Token));
    }

    /// <summary>Asked to, as whoever runs it would; it ends what it started in turn.</summary>
    private static async Task EndAsync(Process process)
    {
        if (!process.HasExited)
        {
            ProcessSignals.Stop(process);
        }

        await process.WaitForExitAsync(Token).WaitAsync(Limit, Token);
    }
}
