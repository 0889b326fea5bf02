using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
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

        // A file of some size, there and back.
        string file = directory.Write("sent", string.Concat(Enumerable.Range(0, 20_000).Select(i => $"line {i}\n")));
        Assert.Equal(0, (await RunAsync(plane, directory, webSockets, null, "cp", file, $"{pod}:/tmp/sent")).Code);
        Assert.Equal(0, (await RunAsync(plane, directory, webSockets, null, "cp", $"{pod}:/tmp/sent", file + ".back")).Code);
        Assert.Equal(await File.ReadAllTextAsync(file, Token), await File.ReadAllTextAsync(file + ".back", Token));
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
