using System.Diagnostics;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.RegularExpressions;
using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;
using Orrery.Simulator.Tests.Support;
using Orrery.Testing;

namespace Orrery.Simulator.Tests.Ports;

/// <summary>Streams into simulated pods by the real kubectl, in both of the ways that it has: WebSockets, and SPDY as all of them did before 1.31.</summary>
public sealed partial class StreamTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    public async Task Exec_ByEitherProtocol_HasStreamsAndExitCode(string webSockets)
    {
        Assert.SkipUnless(Kubectl.IsInstalled, "kubectl is not installed");
        await using Plane plane = await Plane.StartAsync();
        using var directory = new TempDirectory();
        string pod = await PodAsync(plane);

        Assert.Equal((0, "hello\n", ""), await RunAsync(plane, directory, webSockets, null, "exec", pod, "--", "echo", "hello"));
        (int code, string output, string error) = await RunAsync(plane, directory, webSockets, "echo from stdin\nnosuch\nexit 7\n", "exec", "-i", pod, "--", "sh");
        Assert.Equal((7, "from stdin\n"), (code, output));
        Assert.StartsWith("sh: nosuch: not found\n", error, StringComparison.Ordinal);

        // A folder with a file of some size, there and back; and the file alone.
        string sent = directory.File("sent"), back = directory.File("back"), lines = string.Concat(Enumerable.Range(0, 20_000).Select(i => $"line {i}\n"));
        Directory.CreateDirectory(Path.Combine(sent, "below", "empty"));
        await File.WriteAllTextAsync(Path.Combine(sent, "below", "lines"), lines, Token);
        await File.WriteAllTextAsync(Path.Combine(sent, "short"), "a\n", Token);
        Assert.Equal((0, "", ""), await RunAsync(plane, directory, webSockets, null, "cp", sent, $"{pod}:/tmp/sent"));
        Assert.Equal((0, "below\nshort\n", ""), await RunAsync(plane, directory, webSockets, null, "exec", pod, "--", "ls", "/tmp/sent"));
        Assert.Equal(0, (await RunAsync(plane, directory, webSockets, null, "cp", $"{pod}:/tmp/sent", back)).Code);
        Assert.Equal(0, (await RunAsync(plane, directory, webSockets, null, "cp", $"{pod}:/tmp/sent/below/lines", back + ".lines")).Code);
        Assert.Equal((lines, "a\n", lines), (await File.ReadAllTextAsync(Path.Combine(back, "below", "lines"), Token), await File.ReadAllTextAsync(Path.Combine(back, "short"), Token), await File.ReadAllTextAsync(back + ".lines", Token)));
        Assert.True(Directory.Exists(Path.Combine(back, "below", "empty")));
    }

    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    public async Task PortForward_ByEitherProtocol_CarriesConnections(string webSockets)
    {
        Assert.SkipUnless(Kubectl.IsInstalled, "kubectl is not installed");
        await using Plane plane = await Plane.StartAsync();
        using var directory = new TempDirectory();
        string pod = await PodAsync(plane);
        using Process kubectl = Start(plane, directory, webSockets, "port-forward", $"pod/{pod}", ":80", ":81");
        try
        {
            int port = await PortAsync(kubectl), closed = await PortAsync(kubectl);

            // 1. HTTP, one connection after the other and several at once.
            using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}/") };
            string answer = await http.GetStringAsync("cart?id=1", Token);
            Assert.StartsWith($"pod: {pod}\n", answer, StringComparison.Ordinal);
            Assert.EndsWith("port: 80\nasked: GET /cart?id=1\n", answer, StringComparison.Ordinal);
            string[] answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(async i =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, $"order/{i}") { Content = new StringContent($"n={i}") };
                request.Headers.Connection.Add("close");
                using HttpResponseMessage response = await http.SendAsync(request, Token);
                return await response.Content.ReadAsStringAsync(Token);
            }));
            Assert.All(answers.Index(), a => Assert.EndsWith($"asked: POST /order/{a.Index}\nbody: n={a.Index}\n", a.Item, StringComparison.Ordinal));

            // 2. Bytes that are no HTTP come back.
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", port, Token);
            byte[] sent = Encoding.ASCII.GetBytes("ping\n"), got = new byte[sent.Length];
            await client.GetStream().WriteAsync(sent, Token);
            await client.GetStream().ReadExactlyAsync(got, Token);
            Assert.Equal(sent, got);

            // 3. Where nobody answers, the connection ends.
            await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync(new Uri($"http://127.0.0.1:{closed}/"), Token));
        }
        finally
        {
            kubectl.Kill();
            await kubectl.WaitForExitAsync(Token);
            TestContext.Current.SendDiagnosticMessage(await kubectl.StandardError.ReadToEndAsync(Token));
        }
    }

    [Fact]
    public async Task ServiceProxy_AnswersAsReadyPodsInTurn_AndPassesWebSockets()
    {
        await using Plane plane = await Plane.StartAsync();
        foreach (string name in (string[])["web-1", "web-2"])
        {
            await plane.CreateAsync(Known.Pods, $"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, labels: {{app: web}}}}\nspec: {{containers: [{{name: web, image: \"web:1\", ports: [{{name: http, containerPort: 8080}}]}}]}}\n");
            await plane.UntilAsync(Known.Pods, name, p => p.IsReadyPod, "pod is ready");
        }

        await plane.CreateAsync(Known.Services, "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}, {name: none, port: 81, targetPort: 9}]}\n");
        const string Proxy = "/api/v1/namespaces/default/services/web:http/proxy/cart?id=1";

        string[] answers = [];
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    answers = [await plane.Client.GetTextAsync(Proxy, Token), await plane.Client.GetTextAsync(Proxy, Token)];
                    return answers[0] != answers[1];
                }
                catch (StatusException notYet) when (notYet.Code == 503)
                {
                    // What answers follows the pods, and may be a moment behind the API server.
                    return false;
                }
            },
            "both pods in turn");
        Assert.All(answers.Order().Index(), a => Assert.Matches($"^pod: web-{a.Index + 1}\nnamespace: default\nnode: .*\nport: 8080\nasked: GET /cart\\?id=1\n$", a.Item));
        StatusException nobody = await Assert.ThrowsAsync<StatusException>(() => plane.Client.GetTextAsync("/api/v1/namespaces/default/services/web:81/proxy/", Token));
        Assert.Equal((503, "no endpoints available for service \"web\""), (nobody.Code, nobody.Message));

        using HttpResponseMessage upgraded = await plane.Client.ForwardAsync(
            HttpMethod.Get, Proxy, [new("Connection", "Upgrade"), new("Upgrade", "websocket"), new("Sec-WebSocket-Version", "13"), new("Sec-WebSocket-Key", Convert.ToBase64String(new byte[16]))], upgrade: true, Token);
        Assert.Equal(101, (int)upgraded.StatusCode);
        using var socket = WebSocket.CreateFromStream(await upgraded.Content.ReadAsStreamAsync(Token), new WebSocketCreationOptions());
        await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, Token);
        byte[] echo = new byte[16];
        Assert.Equal("hello", Encoding.UTF8.GetString(echo, 0, (await socket.ReceiveAsync(echo, Token)).Count));
    }

    [GeneratedRegex(@"Forwarding from 127\.0\.0\.1:(\d+)")]
    private static partial Regex Forwarding();

    private static async Task<string> PodAsync(Plane plane)
    {
        await plane.CreateAsync(Known.Pods, "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: \"web:1\"}]}\n");
        await plane.UntilAsync(Known.Pods, "web", p => p.PodPhase == "Running", "pod runs");
        return "web";
    }

    private static async Task<int> PortAsync(Process kubectl)
    {
        while (await kubectl.StandardOutput.ReadLineAsync(Token) is { } line)
        {
            if (Forwarding().Match(line) is { Success: true } match)
            {
                return int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
            }
        }

        throw new InvalidOperationException("kubectl port-forward ended: " + await kubectl.StandardError.ReadToEndAsync(Token));
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(Plane plane, TempDirectory directory, string webSockets, string? input, params string[] arguments)
    {
        using Process process = Start(plane, directory, webSockets, arguments);
        if (input is not null)
        {
            await process.StandardInput.WriteAsync(input);
        }

        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(Token);
        string error = await process.StandardError.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        return (process.ExitCode, await output, error);
    }

    private static Process Start(Plane plane, TempDirectory directory, string webSockets, params string[] arguments)
    {
        var start = new ProcessStartInfo("kubectl", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["KUBECONFIG"] = directory.Write("config", plane.Kubeconfig());
        start.Environment["KUBECACHEDIR"] = directory.File("cache");
        start.Environment["KUBECTL_REMOTE_COMMAND_WEBSOCKETS"] = webSockets;
        start.Environment["KUBECTL_PORT_FORWARD_WEBSOCKETS"] = webSockets;
        return Process.Start(start)!;
    }
}
