using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Server.Authentication;
using Orrery.Testing;

namespace Orrery.Server.Tests.Security.Attacks;

/// <summary>One attempt, as it goes over the wire.</summary>
/// <param name="What">For people.</param>
/// <param name="Codes">Answers that show nothing and do nothing.</param>
/// <param name="Headers">Lines without their ends; null sends the attacker's own credential alone.</param>
/// <param name="Body">Null sends none.</param>
public sealed record Attempt(string What, string Method, string Target, int[] Codes, string[]? Headers = null, string? Body = null, string Type = "application/json")
{
    public override string ToString() => What;
}

/// <summary>
/// One server with two tenants. The attacker administers <c>acme/shop</c>: system:masters there, by certificate and by token. What must stay unseen and unchanged is
/// in root and in <c>beta/shop</c>, and holds <see cref="Canary"/>.
/// </summary>
public sealed class AttackWorld : IAsyncLifetime
{
    public const string Canary = "nobody-else-may-see-this";

    public static readonly ClusterName Acme = new("acme", "shop");
    public static readonly ClusterName Beta = new("beta", "shop");

    private static readonly GroupVersionResource Secrets = new("", "v1", "secrets");
    private static readonly GroupVersionResource[] Watched = [Secrets, ServerFixture.ConfigMaps, ServerFixture.Namespaces, new("rbac.authorization.k8s.io", "v1", "clusterrolebindings")];

    private string before = "";

    public TestServer Server { get; private set; } = null!;

    public X509Certificate2 Certificate { get; private set; } = null!;

    /// <summary>The attacker's own, good in acme/shop.</summary>
    public string Token { get; private set; } = "";

    /// <summary>Of an administrator of beta/shop: for tests that want to know what it would have shown.</summary>
    public KubeClient Victim { get; private set; } = null!;

    public KubeClient Attacker { get; private set; } = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Server = await TestServer.StartAsync();
        foreach (ClusterName cluster in (ClusterName[])[Acme, Beta])
        {
            await Server.Admin.CreateAsync(ServerFixture.Namespaces, "", ServerFixture.Named(cluster.Namespace), Cancel);
            await Server.Admin.CreateAsync(OrreryResources.LogicalClusters, cluster.Namespace, ServerFixture.Named(cluster.Name), Cancel);
        }

        Victim = Server.AdminOf(Beta);
        Attacker = Server.AdminOf(Acme);
        Certificate = Server.Certificate("mallory", [UserGroups.Masters], new ClusterScope(Acme));
        Token = Server.Token("mallory", [UserGroups.Masters], Acme);
        foreach (KubeClient victim in (KubeClient[])[Victim, Server.Admin])
        {
            await victim.CreateAsync(Secrets, "default", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "canary" }, ["stringData"] = new JsonObject { ["k"] = Canary } }, Cancel);
            await victim.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("canary", Canary), Cancel);
        }

        // Upkeep has its say before anything is compared.
        await ServerFixture.SettledAsync(Server.Admin);
        await ServerFixture.SettledAsync(Victim);
        before = await StateAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Victim.Dispose();
        Attacker.Dispose();
        Certificate.Dispose();
        await Server.DisposeAsync();
    }

    /// <summary>Sends it, and sees that it was refused, showed nothing and changed nothing.</summary>
    public async Task RefuseAsync(Attempt attempt)
    {
        (int code, string answer) = await SendAsync(attempt);

        Assert.True(attempt.Codes.Contains(code), $"{attempt.What}: {code}\n{answer[..Math.Min(answer.Length, 2000)]}");
        await UntouchedAsync(answer);
    }

    /// <summary>Nothing of the others is in an answer, and everything of theirs is as it was.</summary>
    public async Task UntouchedAsync(string answer = "")
    {
        Assert.DoesNotContain(Canary, answer);
        Assert.DoesNotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes(Canary)), answer);
        Assert.Equal(before, await StateAsync());
    }

    /// <summary>As no HTTP client would: every byte goes out as it is written.</summary>
    public async Task<(int Code, string Answer)> SendAsync(Attempt attempt)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, Server.Url.Port, Cancel);
        await using var tls = new SslStream(socket.GetStream(), false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "localhost", ClientCertificates = attempt.Headers is null ? [Certificate] : null }, Cancel);
        byte[] body = Encoding.UTF8.GetBytes(attempt.Body ?? "");
        var head = new StringBuilder($"{attempt.Method} {attempt.Target} HTTP/1.1\r\n");
        if (attempt.Headers?.Any(h => h.StartsWith("Host:", StringComparison.OrdinalIgnoreCase)) != true)
        {
            head.Append("Host: localhost\r\n");
        }

        foreach (string line in attempt.Headers ?? [])
        {
            head.Append(line.Replace("{token}", Token, StringComparison.Ordinal)).Append("\r\n");
        }

        if (attempt.Body is not null)
        {
            head.Append(CultureInfo.InvariantCulture, $"Content-Type: {attempt.Type}\r\nContent-Length: {body.Length}\r\n");
        }

        head.Append("Connection: close\r\n\r\n");
        var answer = new StringBuilder();
        try
        {
            await tls.WriteAsync(Encoding.Latin1.GetBytes(head.ToString()), Cancel);
            await tls.WriteAsync(body, Cancel);
            byte[] piece = new byte[4096];
            while (await tls.ReadAsync(piece, Cancel) is > 0 and int read)
            {
                answer.Append(Encoding.Latin1.GetString(piece, 0, read));
            }
        }
        catch (IOException)
        {
            // The server has closed the connection rather than read on, whether it answered before or not.
        }

        string text = answer.ToString();
        return text.Length == 0 ? (0, "") : (int.Parse(text.AsSpan(9, 3), CultureInfo.InvariantCulture), text);
    }

    private async Task<string> StateAsync()
    {
        var state = new StringBuilder();
        foreach (KubeClient client in (KubeClient[])[Victim, Server.Admin])
        {
            foreach (GroupVersionResource resource in Watched)
            {
                KubeList list = await client.ListAsync(resource, "", null, Cancel);
                state.AppendLine(resource.Resource).AppendJoin('\n', list.Items.Select(i => $"{i.Namespace}/{i.Name} {i.ResourceVersion}")).AppendLine();
            }
        }

        return state.ToString();
    }
}
