using System.Security.Cryptography.X509Certificates;

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
        if (string.IsNullOrEmpty(host) || string.IsNullOrEmpty(port))
        {
            throw new InvalidOperationException("not running in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
        }

        var ca = new X509Certificate2Collection();
        ca.ImportFromPemFile(Path.Combine(AccountDirectory, "ca.crt"));
        string address = host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
        return new ClientConfig(new Uri($"https://{address}:{port}"), ca)
        {
            TokenSource = new TokenFile(Path.Combine(AccountDirectory, "token"), time).ReadAsync,
            DefaultNamespace = File.ReadAllText(Path.Combine(AccountDirectory, "namespace")).Trim(),
        };
    }
}
