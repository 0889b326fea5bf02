using System.Text;
using System.Text.Json;

namespace Orrery.Client;

/// <summary>One cluster, user and context to write into a kubeconfig; all three get the same name.</summary>
/// <param name="Server">Base address with path prefix.</param>
/// <param name="CaPem">Authorities that sign the server's certificate; null leaves it to the machine's own.</param>
/// <param name="ClientCertificatePem">Goes with <paramref name="ClientKeyPem"/>.</param>
public sealed record KubeConfigEntry(
    string Name,
    Uri Server,
    string? CaPem = null,
    string? ClientCertificatePem = null,
    string? ClientKeyPem = null,
    string? Token = null,
    string? Namespace = null)
{
    /// <summary>Name expected in the server's certificate; null takes it from <see cref="Server"/>.</summary>
    public string? TlsServerName { get; init; }

    /// <summary>Takes any certificate of the server, whatever <see cref="CaPem"/> says.</summary>
    public bool InsecureSkipTlsVerify { get; init; }

    /// <summary>Proxy through which the server is reached; null leaves it to the environment of whoever reads it.</summary>
    public string? ProxyUrl { get; init; }
}

public static partial class KubeConfig
{
    /// <summary>Writes a kubeconfig that only its owner may read; the first entry is the current context.</summary>
    public static void Write(string path, params IReadOnlyList<KubeConfigEntry> entries)
    {
        // A new file takes its mode at creation, so that the keys are never readable by others in between.
        string draft = path + ".new";
        File.Delete(draft);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var file = new StreamWriter(draft, new UTF8Encoding(false), options))
        {
            file.Write(Render(entries));
        }

        File.Move(draft, path, overwrite: true);
    }

    /// <summary>The text of a kubeconfig; the first entry is the current context.</summary>
    public static string Render(params IReadOnlyList<KubeConfigEntry> entries)
    {
        var yaml = new StringBuilder("apiVersion: v1\nkind: Config\n");
        Line(yaml, "current-context", entries[0].Name);
        yaml.Append("clusters:\n");
        foreach (KubeConfigEntry entry in entries)
        {
            Line(yaml, "- name", entry.Name);
            yaml.Append("  cluster:\n");
            Line(yaml, "    server", entry.Server.AbsoluteUri.TrimEnd('/'));
            Line(yaml, "    certificate-authority-data", entry.InsecureSkipTlsVerify ? null : Base64(entry.CaPem));
            Line(yaml, "    tls-server-name", entry.TlsServerName);
            Line(yaml, "    proxy-url", entry.ProxyUrl);
            if (entry.InsecureSkipTlsVerify)
            {
                yaml.Append("    insecure-skip-tls-verify: true\n");
            }
        }

        yaml.Append("contexts:\n");
        foreach (KubeConfigEntry entry in entries)
        {
            Line(yaml, "- name", entry.Name);
            yaml.Append("  context:\n");
            Line(yaml, "    cluster", entry.Name);
            Line(yaml, "    user", entry.Name);
            Line(yaml, "    namespace", entry.Namespace);
        }

        yaml.Append("users:\n");
        foreach (KubeConfigEntry entry in entries)
        {
            Line(yaml, "- name", entry.Name);
            bool anonymous = entry.ClientCertificatePem is null && entry.Token is null;
            yaml.Append(anonymous ? "  user: {}\n" : "  user:\n");
            Line(yaml, "    client-certificate-data", Base64(entry.ClientCertificatePem));
            Line(yaml, "    client-key-data", Base64(entry.ClientKeyPem));
            Line(yaml, "    token", entry.Token);
        }

        return yaml.ToString();
    }

    /// <summary>A JSON string is a valid YAML scalar that no typing rule can misread.</summary>
    private static void Line(StringBuilder yaml, string name, string? value)
    {
        if (value is not null)
        {
            yaml.Append(name).Append(": ").Append(JsonSerializer.Serialize(value)).Append('\n');
        }
    }

    private static string? Base64(string? text) => text is null ? null : Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
