using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api.Kinds;
using Orrery.Testing;
using Orrery.Tests.KubeApiServer;

namespace Orrery.Tests.EndToEnd;

/// <summary>
/// Certificates that really end, as a control plane signs them for twenty seconds: renewed in time by satellites that work, and afterwards by whoever has the former key and an operator, or another token. By
/// the real programs in clusters that are not ours.
/// </summary>
public sealed class ExpiryTests : IAsyncLifetime
{
    private const string Sleeper = "sleeper";
    private const string Failer = "failer";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly TempDirectory folder = new();
    private readonly ServeProcess server;

    public ExpiryTests() => server = new ServeProcess(StandIn.Program, folder.Path, FreePort.Take(), ["--cluster-signing-duration", "20s"], TimeProvider.System);

    private Kubectl Root => new(server.Kubeconfig);

    public async ValueTask InitializeAsync()
    {
        Kubectl.Require();
        server.Start();
        await server.ControlsAsync(TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        server.Dispose();
        folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Certificate_IsReplacedInTime_AndOnceItHasEndedTakesItsKeyAndAnOperatorOrAnotherToken()
    {
        await using StandIn sleeps = await StandIn.StartAsync(), fails = await StandIn.StartAsync();
        Kubectl sleepsOwner = sleeps.KubectlAs("owner", "system:masters"), failsOwner = fails.KubectlAs("owner", "system:masters");
        using SatelliteProcess sleeper = await JoinAsync(Sleeper, sleeps, sleepsOwner), failer = await JoinAsync(Failer, fails, failsOwner);
        using X509Certificate2 first = await CertificateAsync(sleepsOwner);
        await AnswersAsync(Sleeper);

        // 1. In time, with a new key, by itself: when the first has ended, nothing has.
        await Eventually.HoldsAsync(async () => (await CertificateAsync(sleepsOwner)).SerialNumber != first.SerialNumber, Limit);
        using (X509Certificate2 second = await CertificateAsync(sleepsOwner))
        {
            Assert.NotEqual(first.PublicKey.ExportSubjectPublicKeyInfo(), second.PublicKey.ExportSubjectPublicKeyInfo());
        }

        await PastAsync(first.NotAfter);
        Assert.Equal("True", await ConditionAsync(Sleeper, "Ready", "{.status}"));
        await AnswersAsync(Sleeper);

        // 2. One stands still and one is gone for longer than that: their tunnels end.
        sleeper.Pause();
        failer.Dispose();
        using X509Certificate2 former = await CertificateAsync(failsOwner);
        await EndedAsync(Sleeper);
        await EndedAsync(Failer);
        await Eventually.ContainsAsync(Sleeper, async () => (await ThroughAsync(Sleeper)).Error, Limit);

        // 3. The former key alone proves whose it was. It reads nothing but which one of its name its data plane is, and asks for nobody else; another key under that name is nobody's.
        string name = $"orrery:data-plane:{Failer}:{await UidAsync(Failer)}";
        Kubectl expired = As("expired", former);
        Assert.Contains($"User \"orrery:expired:{name}\" cannot get resource \"dataplanes\"", (await expired.TryAsync($"get dataplane {Sleeper}")).Error, StringComparison.Ordinal);
        Assert.Contains("cannot list resource \"works\"", (await expired.TryAsync($"get works -n {OrreryNames.DataPlaneNamespace(Failer)}")).Error, StringComparison.Ordinal);
        Assert.Equal($"dataplane.orrery.dev/{Failer}\n", await expired.RunAsync($"get dataplane {Failer} -o name"));
        string forAnother = (await expired.RunAsync("create -o name -f -", RequestByHand.Of($"CN=orrery:data-plane:{Sleeper}:{await UidAsync(Sleeper)},O=orrery:satellites"))).Trim();
        await Eventually.EqualsAsync("Denied WrongDataPlane", () => Root.RunAsync($"get {forAnother} -o 'jsonpath={{.status.conditions[0].type}} {{.status.conditions[0].reason}}'"), Limit);
        using X509Certificate2 stranger = SelfSigned($"CN={name},O=orrery:satellites");
        Assert.Contains("Unauthorized", (await As("stranger", stranger).TryAsync($"get dataplane {Failer}")).Error, StringComparison.Ordinal);

        // 4. Both are back, prove their keys, and are let in by that no more.
        sleeper.Continue();
        using SatelliteProcess back = SatelliteProcess.Start(Failer, Kubeconfig(fails));
        foreach (string waits in (string[])[Sleeper, Failer])
        {
            await Eventually.EqualsAsync("False ApprovalNeeded", () => ConditionAsync(waits, "Identity", "{.status} {.reason}"), Limit);
            await Eventually.ContainsAsync(
                $"'orrery data-plane approve {waits}' lets it in again", () => Root.RunAsync($"get events --field-selector reason=ApprovalNeeded,involvedObject.name={waits} -o jsonpath={{.items[*].message}}"), Limit);
        }

        await Eventually.HoldsAsync(() => Task.FromResult(sleeper.HasSaid("its certificate has expired") && back.HasSaid("its certificate has expired")), Limit);

        // 5. An operator approves one of them. The other still waits, and works by another token, for which nobody need approve anything.
        (await OrreryAsync("data-plane", "approve", Sleeper)).Succeeded();
        await Eventually.EqualsAsync("True", () => ConditionAsync(Sleeper, "Identity", "{.status}"), Limit);
        await AnswersAsync(Sleeper);
        Assert.NotEqual(0, (await ThroughAsync(Failer)).ExitCode);
        Assert.Equal("False ApprovalNeeded", await ConditionAsync(Failer, "Identity", "{.status} {.reason}"));
        await failsOwner.RunAsync("apply -f -", (await OrreryAsync("data-plane", "token", Failer)).Succeeded());
        await Eventually.EqualsAsync("True", () => ConditionAsync(Failer, "Identity", "{.status}"), Limit);
        await AnswersAsync(Failer);
        Assert.Contains("no request of data plane failer waits for approval", (await OrreryAsync("data-plane", "approve", Failer)).Error, StringComparison.Ordinal);

        // 6. With another key than it had a satellite stays out, and asks nobody for more.
        back.Dispose();
        await PutAsync(failsOwner, stranger);
        using SatelliteProcess strange = SatelliteProcess.Start(Failer, Kubeconfig(fails));
        await Eventually.HoldsAsync(() => Task.FromResult(strange.HasSaid($"another token is needed ('orrery data-plane token {Failer}')")), Limit);
        Assert.Contains("no request of data plane failer waits for approval", (await OrreryAsync("data-plane", "approve", Failer)).Error, StringComparison.Ordinal);
    }

    private async Task<SatelliteProcess> JoinAsync(string name, StandIn cluster, Kubectl owner)
    {
        await owner.RunAsync("apply -f -", (await OrreryAsync("data-plane", "add", name)).Succeeded());
        cluster.KubectlWith((await owner.RunAsync("create token orrery-satellite -n orrery-system --duration 2h")).Trim());
        SatelliteProcess satellite = SatelliteProcess.Start(name, Kubeconfig(cluster));
        await Root.RunAsync($"wait --for=condition=Ready dataplane/{name} --timeout=120s");
        return satellite;
    }

    /// <summary>With the rights of the manifest.</summary>
    private static string Kubeconfig(StandIn cluster) => cluster.File("token.kubeconfig");

    private Task<Ended> OrreryAsync(params string[] arguments) =>
        Shell.RunAsync(StandIn.Program, arguments, new Dictionary<string, string> { ["ORRERY_DATA_DIR"] = folder.Path, ["KUBECONFIG"] = "", ["NO_PROXY"] = "127.0.0.1" });

    private Task<Ended> ThroughAsync(string name) => OrreryAsync("data-plane", "kubectl", name, "--", "get", "configmap", "kube-root-ca.crt", "-n", "kube-public", "-o", "name");

    private Task AnswersAsync(string name) => Eventually.EqualsAsync("configmap/kube-root-ca.crt\n", async () => (await ThroughAsync(name)).Output, Limit);

    private Task<string> UidAsync(string name) => Root.RunAsync($"get dataplane {name} -o jsonpath={{.metadata.uid}}");

    private Task<string> ConditionAsync(string name, string type, string what) => Root.RunAsync($"get dataplane {name} -o 'jsonpath={{range .status.conditions[?(@.type==\"{type}\")]}}{what}{{end}}'");

    /// <summary>Until its last certificate has ended. One that it had asked for may be issued only now.</summary>
    private Task EndedAsync(string name) => Eventually.HoldsAsync(
        async () => DateTimeOffset.Parse(await Root.RunAsync($"get dataplane {name} -o jsonpath={{.status.certificateExpirationTime}}"), CultureInfo.InvariantCulture) + TimeSpan.FromSeconds(1) < TimeProvider.System.GetUtcNow(), Limit);

    private static Task PastAsync(DateTime end) => Eventually.HoldsAsync(() => Task.FromResult(TimeProvider.System.GetUtcNow() > end.ToUniversalTime() + TimeSpan.FromSeconds(1)), Limit);

    /// <summary>What a cluster's Secret keeps, with its key.</summary>
    private static async Task<X509Certificate2> CertificateAsync(Kubectl owner)
    {
        JsonNode data = JsonNode.Parse(await owner.RunAsync("get secret orrery-satellite -n orrery-system -o json"))!["data"]!;
        string Text(string key) => Encoding.UTF8.GetString(Convert.FromBase64String((string)data[key]!));
        return X509Certificate2.CreateFromPem(Text("tls.crt"), Text("tls.key"));
    }

    private static Task PutAsync(Kubectl owner, X509Certificate2 certificate)
    {
        var data = new JsonObject { ["tls.crt"] = Base64(certificate.ExportCertificatePem()), ["tls.key"] = Base64(KeyOf(certificate)) };
        return owner.RunAsync($"patch secret orrery-satellite -n orrery-system --type=merge -p '{new JsonObject { ["data"] = data }.ToJsonString()}'");
    }

    private static X509Certificate2 SelfSigned(string subject)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new CertificateRequest(DistinguishedName.Of(subject), key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(TimeProvider.System.GetUtcNow() - TimeSpan.FromMinutes(5), TimeProvider.System.GetUtcNow() + TimeSpan.FromHours(1));
    }

    /// <summary>kubectl on root with that certificate.</summary>
    private Kubectl As(string name, X509Certificate2 certificate) => new(folder.Write(name + ".kubeconfig", $$"""
        apiVersion: v1
        kind: Config
        clusters: [{name: c, cluster: {server: "{{server.AdminConfig().Server}}", insecure-skip-tls-verify: true} }]
        users: [{name: u, user: {client-certificate-data: {{Base64(certificate.ExportCertificatePem())}}, client-key-data: {{Base64(KeyOf(certificate))}} } }]
        contexts: [{name: x, context: {cluster: c, user: u} }]
        current-context: x
        """));

    private static string KeyOf(X509Certificate2 certificate)
    {
        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        return key.ExportPkcs8PrivateKeyPem();
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
