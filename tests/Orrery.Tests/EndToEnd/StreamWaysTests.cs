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

        // Its pods are mirrored apart from the count of the ready.
        await Eventually.MatchesAsync(
            "^" + name + "-[a-z0-9-]+[.]pa2-par$",
            async () => pod = (await acme.RunAsync($"get pods -l app={name} -o jsonpath={{.items[*].metadata.name}}")).Split(' ').FirstOrDefault(p => p.EndsWith(".pa2-par", StringComparison.Ordinal)) ?? "", Limit);
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

        // On a terminal: what its size is, an error that comes the same way as everything else, and the exit code again.
        Ended typed = await Shell.RunAsync(
            "script", ["-qec", $"stty rows 50 cols 132; {program} {string.Join(' ', first)} exec -it {pod} -- sh", "/dev/null"], Settings(program, webSockets), "sleep 1\nstty size\nnosuch\nexit 9\n");
        Assert.Equal(9, typed.ExitCode);
        Assert.Contains("\n50 132\n", typed.Output, StringComparison.Ordinal);
        Assert.Contains("sh: nosuch: not found", typed.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Unknown stream id 2", typed.Output, StringComparison.Ordinal);

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

    /// <summary>Of a container that ended and was started again there are two logs: the one of now, and the one of before.</summary>
    [Fact]
    public async Task Logs_OfAContainerThatWasStartedAgain_AreThoseOfEachRun()
    {
        Kubectl acme = shop.Acme;
        await acme.RunAsync("create -f -", """
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "restless", "labels": {"app": "restless"}, "annotations": {"kubectl.kubernetes.io/default-container": "worker"} }, "spec": {"initContainers": [{"name": "first", "image": "first:1"}],
             "containers": [{"name": "steady", "image": "steady:1"}, {"name": "worker", "image": "worker:1", "command": ["sh", "-c", "sleep 12; exit 3"]}]}}
            """);
        await acme.RunAsync("wait pod/restless --for=condition=Ready --timeout=120s");

        // It stands on three data planes, for one of which its name is.
        string there = (await acme.RunAsync("get pod restless -o jsonpath={.spec.nodeName}")) is var node ? node[..node.LastIndexOf("-node-", StringComparison.Ordinal)] : "";
        Task<string> WorkerAsync(string fields) => shop.DataPlane(there).RunAsync(
            $"get pod restless -n {Mapped} -o 'jsonpath={{range .status.containerStatuses[?(@.name==\"worker\")]}}{fields}{{end}}'");

        // 1. Who follows is told the end of this run, and nothing of the next; of the run before there is nothing yet, unless whoever asks was held up until the next.
        string former = (await acme.TryAsync("logs restless -c worker --previous")).Error;
        if (await WorkerAsync("{.restartCount}") == "0")
        {
            Assert.Contains("previous terminated container \"worker\" in pod \"restless\" not found", former, StringComparison.Ordinal);
        }

        IsWhole(await acme.RunAsync("logs -f restless -c worker"));

        // 2. Started again: in the virtual cluster, and in the data plane itself through its satellite.
        await Eventually.MatchesAsync("^[1-9] [1-9] [1-9]$", () => acme.RunAsync("get pods -l app=restless -o 'jsonpath={.items[*].status.containerStatuses[?(@.name==\"worker\")].restartCount}'"), Limit);
        Assert.Equal("3", await acme.RunAsync("get pod restless -o 'jsonpath={.status.containerStatuses[?(@.name==\"worker\")].lastState.terminated.exitCode}'"));
        foreach (Func<string, Task<string>> logs in (Func<string, Task<string>>[])[arguments => acme.RunAsync("logs " + arguments), arguments => InRootAsync(there, arguments)])
        {
            IsWhole(await logs("restless -c worker --previous"));
            IsWhole(await logs("restless --previous"));
            IsWhole(await logs("restless -c worker -p --since=1h"));
            IsWhole(string.Join('\n', Lines(await logs("-l app=restless -c worker -p --prefix")).Where(l => l.StartsWith("[pod/restless/", StringComparison.Ordinal))), "[pod/restless/worker] ");
            Assert.Equal("worker ended with exit code 3\n", await logs("restless -c worker -p --tail=1"));
            Assert.Equal("", await logs("restless -c worker -p --since-time=" + TimeProvider.System.GetUtcNow().AddHours(1).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)));
            string[] timed = Lines(await logs("restless -c worker -p --timestamps"));
            Assert.Equal(timed.Order(StringComparer.Ordinal), timed);
            IsWhole(string.Join('\n', timed.Select(l => l[(l.IndexOf(' ', StringComparison.Ordinal) + 1)..])));
            Assert.Equal("[pod/restless/first] first ended with exit code 0", Lines(await logs("restless --all-containers --prefix")).Last(l => l.Contains("/first]", StringComparison.Ordinal)));
            Assert.Equal("worker started in pod restless", Lines(await logs("restless -c worker"))[0]);
        }

        Assert.Contains("previous terminated container \"steady\" in pod \"restless\" not found", (await acme.TryAsync("logs restless -c steady -p")).Error, StringComparison.Ordinal);

        // 3. The second time it is held back: what there is to read then is of the run that ended. It was held back all the while if it was before and after, and has not run in between.
        await Eventually.ContainsAsync("CrashLoopBackOff", () => acme.RunAsync("get pod restless"), Limit);
        string last = "";
        await Eventually.HoldsAsync(
            async () =>
            {
                const string Held = "{.state.waiting.reason} {.restartCount}";
                string before = await WorkerAsync(Held);
                last = Lines(await acme.RunAsync("logs restless -c worker"))[^1];
                return before.StartsWith("CrashLoopBackOff ", StringComparison.Ordinal) && before == await WorkerAsync(Held);
            },
            TimeSpan.FromMinutes(2));
        Assert.Equal("worker ended with exit code 3", last);
        await acme.RunAsync("delete pod restless --wait=false");
    }

    private async Task<string> InRootAsync(string dataPlane, string arguments) =>
        (await Shell.RunAsync(Installed.Program, ["data-plane", "kubectl", dataPlane, "--", "-n", Mapped, "logs", .. arguments.Split(' ')], Settings(Installed.Program, "true"))).Succeeded();

    /// <summary>The log of one run from its start to its end, and of no other.</summary>
    private static void IsWhole(string log, string prefix = "")
    {
        string[] lines = Lines(log);
        Assert.Equal([prefix + "worker started in pod restless", prefix + "worker ended with exit code 3"], [lines[0], lines[^1]]);
        Assert.True(lines.Length >= 4, log);
        Assert.DoesNotContain(lines[1..^1], l => !l.StartsWith(prefix + "worker has been running for ", StringComparison.Ordinal));
    }

    private static string[] Lines(string output) => output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

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
