using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orrery.Testing;
using Orrery.Tests.EndToEnd;
using Eventually = Orrery.Tests.EndToEnd.Eventually;
using Kubectl = Orrery.Tests.EndToEnd.Kubectl;

namespace Orrery.Tests.KubeApiServer;

/// <summary>A real <c>orrery kube-apiserver</c>, started with the files and flags that a test environment would make.</summary>
internal sealed class StandIn : IAsyncDisposable
{
    private readonly StringWriter log = new();
    private readonly FakeClock? clock;
    private Process? process;

    private StandIn(string folder, FakeClock? clock)
    {
        Folder = folder;
        this.clock = clock;
        Port = FreePort.Take();
    }

    public string Folder { get; }

    public int Port { get; }

    public Uri Url => new($"https://127.0.0.1:{Port}");

    public string Log
    {
        get
        {
            lock (log)
            {
                return log.ToString();
            }
        }
    }

    public static Task<StandIn> StartAsync(params string[] flags) => StartAsync(null, flags);

    /// <param name="clock">Of its machine; null: that of this one.</param>
    public static async Task<StandIn> StartAsync(FakeClock? clock, params string[] flags)
    {
        var server = new StandIn(MemoryDirectory.Create("orrery-apiserver-"), clock);
        server.MakeFiles();
        await server.RunAsync(flags);
        return server;
    }

    /// <summary>Flag by which requests for client certificates are signed by the authority of clients.</summary>
    public const string Signing = "sign";

    /// <summary>Ends it in order and starts it again on the same files.</summary>
    public async Task RestartAsync(params string[] flags)
    {
        await StopAsync();
        await RunAsync(flags);
    }

    public string File(string name) => Path.Combine(Folder, name);

    /// <summary>kubectl with a plain client certificate, as envtest makes one: no name in it says which cluster it is for.</summary>
    public Kubectl KubectlAs(string user, params string[] groups)
    {
        using var authority = X509Certificate2.CreateFromPemFile(File("client-ca.crt"), File("client-ca.key"));
        using RSA key = RSA.Create(2048);
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(user);
        foreach (string group in groups)
        {
            subject.AddOrganizationName(group);
        }

        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], false));
        using X509Certificate2 certificate = request.Create(authority, authority.NotBefore, authority.NotAfter, RandomNumberGenerator.GetBytes(8));
        return Config(user, $"client-certificate-data: {Base64(certificate.ExportCertificatePem())}, client-key-data: {Base64(key.ExportPkcs8PrivateKeyPem())}");
    }

    /// <summary>kubectl with a certificate that names no purpose, signed by an intermediate authority that the server does not know: the client brings it along.</summary>
    public Kubectl KubectlThroughIntermediate(string user, string group)
    {
        using var authority = X509Certificate2.CreateFromPemFile(File("client-ca.crt"), File("client-ca.key"));
        using RSA betweenKey = RSA.Create(2048), key = RSA.Create(2048);
        var between = new CertificateRequest("CN=between", betweenKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        between.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using X509Certificate2 signed = between.Create(authority, authority.NotBefore, authority.NotAfter, RandomNumberGenerator.GetBytes(8));
        using X509Certificate2 intermediate = signed.CopyWithPrivateKey(betweenKey);
        var request = new CertificateRequest($"O={group}, CN={user}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 certificate = request.Create(intermediate, intermediate.NotBefore, intermediate.NotAfter, RandomNumberGenerator.GetBytes(8));
        return Config(user, $"client-certificate-data: {Base64(certificate.ExportCertificatePem() + "\n" + signed.ExportCertificatePem())}, client-key-data: {Base64(key.ExportPkcs8PrivateKeyPem())}");
    }

    public Kubectl KubectlWith(string token) => Config("token", $"token: {token}");

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await log.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    /// <inheritdoc cref="Repository.Program"/>
    public static string Program => Repository.Program;

    private async Task RunAsync(string[] flags)
    {
        var start = new ProcessStartInfo(Program) { RedirectStandardError = true, RedirectStandardOutput = true };
        string[] signing = flags.Contains(Signing) ? [$"--cluster-signing-cert-file={File("client-ca.crt")}", $"--cluster-signing-key-file={File("client-ca.key")}"] : [];
        foreach (string argument in (string[])
            ["kube-apiserver", "--bind-address=127.0.0.1", $"--secure-port={Port}", $"--cert-dir={File("certs")}", $"--client-ca-file={File("client-ca.crt")}",
                "--authorization-mode=RBAC", $"--service-account-issuer={Url}", $"--service-account-key-file={File("sa.crt")}",
                $"--service-account-signing-key-file={File("sa.key")}", "--service-cluster-ip-range=10.0.0.0/24", "--allow-privileged=true", .. signing, .. flags.Where(f => f != Signing)])
        {
            start.ArgumentList.Add(argument);
        }

        clock?.GiveTo(start);
        process = Process.Start(start)!;
        clock?.Forget(process);
        process.ErrorDataReceived += Keep;
        process.OutputDataReceived += Keep;
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        using HttpClient http = Anonymous();
        await Eventually.EqualsAsync("ok", async () =>
        {
            Assert.False(process.HasExited, $"the server ended: {Log}");
            try
            {
                return await http.GetStringAsync("/readyz", TestContext.Current.CancellationToken);
            }
            catch (HttpRequestException notYet)
            {
                return notYet.Message;
            }
        }, TimeSpan.FromSeconds(60));
    }

    /// <summary>A client without a credential.</summary>
    public HttpClient Anonymous() => new(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } }) { BaseAddress = Url };

    private async Task StopAsync()
    {
        if (process is { } running)
        {
            process = null;
            (await Shell.RunAsync("kill", ["-TERM", running.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])).Succeeded();
            await running.WaitForExitAsync(TestContext.Current.CancellationToken);
            running.Dispose();
        }
    }

    /// <summary>An authority for clients, and a key and its certificate for tokens; good since yesterday, for servers whose clock is behind.</summary>
    private void MakeFiles()
    {
        foreach (string name in (string[])["client-ca", "sa"])
        {
            using RSA key = RSA.Create(2048);
            var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            using X509Certificate2 certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(30));
            System.IO.File.WriteAllText(File(name + ".crt"), certificate.ExportCertificatePem());
            System.IO.File.WriteAllText(File(name + ".key"), key.ExportRSAPrivateKeyPem());
        }
    }

    private Kubectl Config(string name, string user)
    {
        string path = File($"{name.Replace(':', '-')}.kubeconfig");
        System.IO.File.WriteAllText(path, $"""
            apiVersion: v1
            kind: Config
            clusters: [{"{"}name: c, cluster: {"{"}server: "{Url}", certificate-authority: "{File("certs/apiserver.crt")}"{"}"}{"}"}]
            users: [{"{"}name: u, user: {"{"}{user}{"}"}{"}"}]
            contexts: [{"{"}name: x, context: {"{"}cluster: c, user: u, namespace: default{"}"}{"}"}]
            current-context: x
            """);
        return new Kubectl(path);
    }

    private static string Base64(string text) => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(text));

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (log)
        {
            log.WriteLine(line.Data);
        }
    }
}
