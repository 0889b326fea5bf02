namespace Orrery.Client;

/// <summary>The configuration a pod finds about its own cluster: service environment and mounted service account.</summary>
public static class InClusterConfig
{
    private const string AccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <exception cref="InvalidOperationException">Not running in a pod.</exception>
    public static ClientConfig Load(TimeProvider time)
    {
        string? host = Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST");
        string? port = Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_PORT");
        return string.IsNullOrEmpty(host) || string.IsNullOrEmpty(port)
            ? throw new InvalidOperationException("not running in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set")
            : Load(AccountDirectory, host, port, time);
    }

    /// <param name="directory">Where the service account is mounted: its token and the authorities are replaced there while the pod runs.</param>
    internal static ClientConfig Load(string directory, string host, string port, TimeProvider time)
    {
        var tls = new TlsFiles(null, null, new PemSource(null, Path.Combine(directory, "ca.crt")), time);
        var token = new TokenFile(Path.Combine(directory, "token"), time);
        string address = host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
        return new ClientConfig(new Uri($"https://{address}:{port}"), tls.Now().Ca)
        {
            TokenSource = token.ReadAsync,
            CredentialRefused = token.Refuse,
            TlsSource = tls.Now,
            DefaultNamespace = File.ReadAllText(Path.Combine(directory, "namespace")).Trim(),
        };
    }
}
