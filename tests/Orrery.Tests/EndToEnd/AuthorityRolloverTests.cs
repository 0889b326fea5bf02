using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Commands;
using Orrery.Machinery;
using Orrery.Satellite;
using Orrery.Satellite.Joining;
using Orrery.Server.Authentication;
using Orrery.Testing;

namespace Orrery.Tests.EndToEnd;

/// <summary>
/// One certificate authority takes the place of another under satellites that nobody touches: a real <c>orrery serve</c> that is restarted after each <c>orrery pki rotate</c>, and satellites in this
/// process, whose clocks are moved on where they are to renew. One is there all the time, one away while the next authority is introduced and begins to sign, one until the former is gone.
/// </summary>
public sealed class AuthorityRolloverTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);
    private static readonly GroupVersionResource Secrets = new("", "v1", "secrets");
    private static readonly GroupVersionResource Namespaces = new("", "v1", "namespaces");

    private readonly TempDirectory folder = new();
    private readonly CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly Dictionary<string, TestServer> clusters = [];
    private readonly Dictionary<string, ShiftedTime> clocks = [];
    private readonly Dictionary<string, (CancellationTokenSource Stop, Task Run)> running = [];
    private readonly RecordingLoggers log = new(LogLevel.Information);
    private readonly ServeProcess server;

    public AuthorityRolloverTests() => server = new ServeProcess(Repository.Program, folder.Path, FreePort.Take(), [], TimeProvider.System);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        server.Start();
        await server.ReadyAsync(Token);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (string name in running.Keys.ToList())
        {
            await LeaveAsync(name);
        }

        foreach (TestServer cluster in clusters.Values)
        {
            await cluster.DisposeAsync();
        }

        server.Dispose();
        log.Dispose();
        stop.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task Rollover_WithSatellitesThatAreThereAndAway_AsksNothingOfThoseThatComeBackBeforeItsEnd()
    {
        foreach (string name in (string[])["near", "away", "lost"])
        {
            clusters[name] = await TestServer.StartAsync(cancellationToken: Token);
            clocks[name] = new ShiftedTime();
            await InviteAsync(name, "add");
            Join(name);
        }

        await EachIsHeardAsync("near", "away", "lost");
        string first = "";
        await Orrery.Testing.Eventually.TrueAsync(
            async () => (first = await AuthorityAsync("near")).Length > 0 && await AuthorityAsync("lost") == first, "near and lost have said what they work with", Limit, Token);

        // 1. The next one is introduced: whoever is there learns of it, and goes on.
        await LeaveAsync("away");
        await LeaveAsync("lost");
        await RotateAsync("begin");
        using KubeClient former = server.Admin();
        await former.GetAsync(Namespaces, "", "default", Token);
        await Orrery.Testing.Eventually.TrueAsync(async () => (await TrustedAsync("near")).Count == 2, "near trusts both", Limit, Token);
        await EachIsHeardAsync("near");

        // 2. It signs. Whose certificate is of the former is let in as ever, and the last step is refused while there is one.
        await RotateAsync("switch");
        await EachIsHeardAsync("near");
        Assert.Equal(first, await AuthorityAsync("near"));
        Assert.Contains("satellites that do not work with a certificate of the next authority yet: away, lost, near.", (await OrreryAsync("pki", "rotate", "finish")).Error, StringComparison.Ordinal);
        clocks["near"].Shift += TimeSpan.FromHours(17);
        await Orrery.Testing.Eventually.TrueAsync(async () => await AuthorityAsync("near") != first, "near has renewed", Limit, Token);
        await EachIsHeardAsync("near");

        // 3. One that was away since before there was another comes back: what the server shows is still the former's. It learns, and renews.
        Join("away");
        await EachIsHeardAsync("away");
        clocks["away"].Shift += TimeSpan.FromHours(17);
        await Orrery.Testing.Eventually.TrueAsync(async () => await AuthorityAsync("away") != first, "away has renewed", Limit, Token);

        // Nor is it enough that a certificate was issued: whoever has not fetched it would be shut out.
        using (KubeClient root = server.Admin())
        {
            await root.PatchAsync(OrreryResources.DataPlanes, "", "lost", PatchKind.Merge, new JsonObject { ["status"] = new JsonObject { ["certificateAuthority"] = await AuthorityAsync("near") } }, Token, "status");
        }

        Assert.Contains("satellites that do not work with a certificate of the next authority yet: lost.", (await OrreryAsync("pki", "rotate", "finish")).Error, StringComparison.Ordinal);

        // 4. The former is gone, by force: those two notice nothing.
        await RotateAsync("finish", "--force");
        Assert.Equal(401, (await Assert.ThrowsAsync<StatusException>(() => former.GetAsync(Namespaces, "", "default", Token))).Code);
        await EachIsHeardAsync("near", "away");
        await Orrery.Testing.Eventually.TrueAsync(async () => (await TrustedAsync("near")).Count == 1, "near trusts the next alone", Limit, Token);

        // 5. The one that missed all of it trusts nobody there any more. Another token lets it in.
        Join("lost");
        await Orrery.Testing.Eventually.TrueAsync(() => log.Lines.Any(l => l.Contains("lost", StringComparison.Ordinal) && l.Contains("no trusted connection", StringComparison.Ordinal)), "lost says that it trusts nobody there", Limit, Token);
        await Orrery.Testing.Eventually.TrueAsync(async () => !await IsReadyAsync("lost"), "and is not heard", Limit, Token);
        await InviteAsync("lost", "token");
        await EachIsHeardAsync("lost");
        Assert.Single((await TrustedAsync("lost")));
    }

    /// <summary>By the command line, then with a server that was started anew.</summary>
    private async Task RotateAsync(params string[] step)
    {
        (await OrreryAsync(["pki", "rotate", .. step])).Succeeded();
        Assert.Equal(0, await server.StopAsync(Token));
        server.Start();
        await server.ReadyAsync(Token);
    }

    private Task<Ended> OrreryAsync(params string[] arguments) =>
        Shell.RunAsync(Repository.Program, arguments, new Dictionary<string, string> { ["ORRERY_DATA_DIR"] = folder.Path, ["KUBECONFIG"] = "", ["NO_PROXY"] = "127.0.0.1" });

    /// <summary>What the cluster's owner applies of the manifest that came: the invitation.</summary>
    private async Task InviteAsync(string name, string verb)
    {
        string manifest = (await OrreryAsync("data-plane", verb, name)).Succeeded();
        JsonObject secret = YamlJson.ParseAll(manifest).OfType<JsonObject>().Single(o => o.TextAt("kind") == "Secret" && o.TextAt("metadata", "name") == JoinNames.InvitationSecret);
        KubeClient owner = clusters[name].Admin;
        await owner.ApplyAsync(Namespaces, "", JoinNames.SystemNamespace, new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = JoinNames.SystemNamespace } }, "owner", true, Token);
        await owner.ApplyAsync(Secrets, JoinNames.SystemNamespace, JoinNames.InvitationSecret, secret, "owner", true, Token);
    }

    private void Join(string name)
    {
        TestServer cluster = clusters[name];
        var satellite = new JoiningSatellite(
            new SatelliteOptions
            {
                DataPlane = name,
                Cluster = cluster.Config(cluster.Certificate("orrery-satellite", [UserGroups.Masters], ClusterScope.Root)),
                Time = clocks[name],
                Loggers = log,
            },
            new JoinOptions { Invitation = InvitationSource.Secret(JoinNames.InvitationSecret).For(cluster.Admin), LookInterval = TimeSpan.FromMilliseconds(200) });
        var until = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        running[name] = (until, satellite.RunAsync(until.Token));
    }

    private async Task LeaveAsync(string name)
    {
        (CancellationTokenSource until, Task run) = running[name];
        running.Remove(name);
        await until.CancelAsync();
        await run;
        until.Dispose();
    }

    /// <summary>By the server that runs now: it says when it heard of each, and so that each is there.</summary>
    private async Task EachIsHeardAsync(params string[] names)
    {
        foreach (string name in names)
        {
            await Orrery.Testing.Eventually.TrueAsync(async () => await IsReadyAsync(name) && await AnswersAsync(name), $"{name} is heard and answers", Limit, Token);
        }
    }

    private async Task<bool> IsReadyAsync(string name)
    {
        using KubeClient root = server.Admin();
        return Conditions.IsTrue(await root.GetAsync(OrreryResources.DataPlanes, "", name, Token), "Ready");
    }

    /// <summary>Through its tunnel, which ended with the server before.</summary>
    private async Task<bool> AnswersAsync(string name)
    {
        using KubeClient root = server.Admin();
        try
        {
            return (await root.GetTextAsync($"/apis/orrery.dev/v1alpha1/dataplanes/{name}/proxy/version", Token)).Contains("gitVersion", StringComparison.Ordinal);
        }
        catch (StatusException away) when (away.Code is 503 or 504)
        {
            return false;
        }
    }

    /// <summary>Which authority signed the certificate that it works with, as it says: the control plane has issued the next one before its satellite has it.</summary>
    private async Task<string> AuthorityAsync(string name)
    {
        using KubeClient root = server.Admin();
        return (await root.GetAsync(OrreryResources.DataPlanes, "", name, Token)).TextAt("status", "satelliteAuthority") ?? "";
    }

    /// <summary>Whom it trusts, as its Secret says.</summary>
    private async Task<X509Certificate2Collection> TrustedAsync(string name)
    {
        KubeObject secret = await clusters[name].Admin.GetAsync(Secrets, JoinNames.SystemNamespace, JoinNames.IdentitySecret, Token);
        var trusted = new X509Certificate2Collection();
        trusted.ImportFromPem(Encoding.UTF8.GetString(Convert.FromBase64String(secret.TextAt("data", "ca.crt")!)));
        return trusted;
    }
}
