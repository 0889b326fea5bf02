using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Orrery.Server.Configuration;

namespace Orrery.Server.Webhooks;

/// <summary>
/// By which credential the server shows admission webhooks of root who is asking: the users of a kubeconfig, whose names are the hosts that they
/// are for. A tenant's webhooks never get one: the tenant says where they lead. Upstream: apiserver <c>pkg/util/webhook/authentication.go</c>.
/// </summary>
internal sealed class WebhookCredentials
{
    private const string Anywhere = "*";
    private readonly Dictionary<string, WebhookCredential> users;
    private readonly WebhookCredential? current;

    private WebhookCredentials(Dictionary<string, WebhookCredential> users, WebhookCredential? current) => (this.users, this.current) = (users, current);

    /// <summary>Nobody is shown anything.</summary>
    public static WebhookCredentials None { get; } = new([], null);

    /// <param name="kubeconfig">YAML or JSON.</param>
    /// <param name="directory">What relative paths in it are relative to.</param>
    /// <param name="read">The content of a file.</param>
    /// <exception cref="FormatException">Names the field and what it may be; never a secret.</exception>
    public static WebhookCredentials Parse(string kubeconfig, string directory, Func<string, string> read)
    {
        var fields = ConfigurationFields.Read(kubeconfig);
        var users = new Dictionary<string, WebhookCredential>(StringComparer.Ordinal);
        foreach (ConfigurationFields user in fields.List("users"))
        {
            users[user.Required("name")] = user.Child("user") is { } said ? Read(said, directory, read) : new WebhookCredential(null, null, null);
        }

        string? wanted = fields.Text("current-context");
        string? name = fields.List("contexts").FirstOrDefault(c => wanted is { Length: > 0 } && c.Text("name") == wanted) is { Json: not null } context ? context.Child("context")?.Text("user") : null;
        return new WebhookCredentials(users, name is null ? null : users.GetValueOrDefault(name));
    }

    /// <summary>The user of this host and port, or of a domain that it is in, without the port for 443; then the one for anywhere, then that of the current context.</summary>
    public WebhookCredential? For(Uri url) =>
        Named($"{url.Host}:{url.Port}") ?? (url.Port == 443 ? Named(url.Host.Trim('[', ']')) : null) ?? users.GetValueOrDefault(Anywhere) ?? current;

    private WebhookCredential? Named(string target)
    {
        WebhookCredential? found = users.GetValueOrDefault(target);
        for (int dot = target.IndexOf('.', StringComparison.Ordinal); found is null && dot >= 0; dot = target.IndexOf('.', dot + 1))
        {
            found = users.GetValueOrDefault(Anywhere + target[dot..]);
        }

        return found;
    }

    private static WebhookCredential Read(ConfigurationFields user, string directory, Func<string, string> read)
    {
        user.RequireOnly("token", "tokenFile", "client-certificate", "client-certificate-data", "client-key", "client-key-data");
        string? certificate = Pem(user, "client-certificate", directory, read), key = Pem(user, "client-key", directory, read);
        if ((certificate is null) != (key is null))
        {
            throw new FormatException($"{user.At}: client-certificate and client-key go together");
        }

        string? file = user.Text("tokenFile") is { Length: > 0 } path ? Path.GetFullPath(path, directory) : null;
        try
        {
            return new WebhookCredential(user.Text("token") is { Length: > 0 } token ? token : null, file, certificate is null ? null : X509Certificate2.CreateFromPem(certificate, key));
        }
        catch (CryptographicException fault)
        {
            throw new FormatException($"{user.At}: its certificate and key: {fault.Message}", fault);
        }
    }

    private static string? Pem(ConfigurationFields user, string name, string directory, Func<string, string> read)
    {
        try
        {
            return user.Text(name + "-data") is { Length: > 0 } data ? Encoding.UTF8.GetString(Convert.FromBase64String(data))
                : user.Text(name) is { Length: > 0 } path ? read(Path.GetFullPath(path, directory))
                : null;
        }
        catch (FormatException fault)
        {
            throw new FormatException($"{user.Path(name + "-data")}: want base64", fault);
        }
    }
}

/// <param name="Token">Counts before <paramref name="TokenFile"/>.</param>
/// <param name="TokenFile">Read at each call, since it is renewed.</param>
/// <param name="Certificate">With its key.</param>
internal sealed record WebhookCredential(string? Token, string? TokenFile, X509Certificate2? Certificate)
{
    /// <summary>Null where there is none.</summary>
    /// <exception cref="WebhookException">The file of it cannot be read.</exception>
    public async ValueTask<string?> TokenAsync(CancellationToken cancellationToken)
    {
        if (Token is not null || TokenFile is null)
        {
            return Token;
        }

        try
        {
            return (await File.ReadAllTextAsync(TokenFile, cancellationToken)).Trim();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new WebhookException($"the token to show it cannot be read: {fault.Message}", fault);
        }
    }
}
