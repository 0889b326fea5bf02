using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orrery.Api;
using Orrery.Commands;
using Orrery.Server;
using Orrery.Server.Admission;
using Orrery.Server.Audit;
using Orrery.Server.Authentication;
using Orrery.Server.Authentication.Oidc;
using Orrery.Server.Encryption;

namespace Orrery.Serving;

/// <summary>Who is let in beside an installation's own, what is recorded of requests, and what is stored encrypted: by flags of kube-apiserver's names.</summary>
internal sealed record AccessConfiguration
{
    public OidcOptions? Oidc { get; init; }

    /// <summary>Not together with <see cref="Oidc"/>.</summary>
    public string? AuthenticationFile { get; init; }

    /// <summary>Null trusts no proxy.</summary>
    public FrontProxyOptions? FrontProxy { get; init; }

    public AuditOptions? Audit { get; init; }

    public EncryptionConfiguration? Encryption { get; init; }

    /// <summary>What admission plugins are told.</summary>
    public AdmissionConfiguration Admission { get; init; } = AdmissionConfiguration.None;

    /// <param name="text">A flag's value by its name without dashes; null when it was not given and has no default.</param>
    /// <exception cref="CommandFailedException">Names the flag and what it may be; never a secret of a file.</exception>
    public static AccessConfiguration Read(Func<string, string?> text, Func<string, IReadOnlyList<string>> list, Func<string, int> number) => new()
    {
        Oidc = ReadOidc(text, list),
        AuthenticationFile = text("authentication-config") is not { } providers ? null
            : text("oidc-issuer-url") is null ? From("authentication-config", providers, yaml => AuthenticationConfiguration.Parse(yaml) is not null ? providers : null)
            : throw new CommandFailedException("--authentication-config and the --oidc-* flags exclude each other"),
        FrontProxy = ReadFrontProxy(text, list),
        Audit = ReadAudit(text, number),
        Admission = text("admission-control-config-file") is { } admission
            ? From("admission-control-config-file", admission, yaml => AdmissionConfiguration.Parse(yaml, path => File.ReadAllText(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(admission))!, path))))
            : AdmissionConfiguration.None,
        Encryption = text("encryption-provider-config") is { } file ? From("encryption-provider-config", file, EncryptionConfiguration.Parse) : null,
    };

    /// <exception cref="CommandFailedException">A provider has the name of this server itself, whose own tokens would be held for its.</exception>
    public ApiServerOptions Apply(ApiServerOptions options)
    {
        if (Oidc is { } provider && options.Issuers.Accepts(provider.Issuer, ClusterName.Root))
        {
            throw new CommandFailedException($"--oidc-issuer-url: '{provider.Issuer}' is the issuer of this server's own tokens");
        }

        if (AuthenticationFile is { } file)
        {
            _ = From("authentication-config", file, yaml => AuthenticationConfiguration.Parse(yaml, options.Issuers));
        }

        return options with { FrontProxy = FrontProxy, Oidc = Oidc, AuthenticationFile = AuthenticationFile, Audit = Audit, Encryption = Encryption, AdmissionConfiguration = Admission };
    }

    private static AuditOptions? ReadAudit(Func<string, string?> text, Func<string, int> number) => (text("audit-policy-file"), text("audit-log-path")) switch
    {
        (null, null) => null,
        ({ } policy, { } path) => new AuditOptions
        {
            Policy = From("audit-policy-file", policy, AuditPolicy.Parse),
            Path = path,
            MaxSizeMegabytes = number("audit-log-maxsize") is > 0 and int size ? size : throw new CommandFailedException("--audit-log-maxsize: want a number above 0"),
            MaxAgeDays = AtLeastZero("audit-log-maxage", number),
            MaxBackups = AtLeastZero("audit-log-maxbackup", number),
        },
        _ => throw new CommandFailedException("--audit-policy-file and --audit-log-path go together"),
    };

    /// <summary>Without authorities nobody is trusted, whatever else is said, as upstream has it.</summary>
    private static FrontProxyOptions? ReadFrontProxy(Func<string, string?> text, Func<string, IReadOnlyList<string>> list)
    {
        // A name that is blank would be none, and none is any.
        string? blank = ((string[])["username-headers", "uid-headers", "group-headers", "extra-headers-prefix", "allowed-names"])
            .FirstOrDefault(name => text("requestheader-" + name) is { } said && said.Split(',').Any(string.IsNullOrWhiteSpace));
        if (blank is not null)
        {
            throw new CommandFailedException($"--requestheader-{blank}: a value is empty");
        }

        IReadOnlyList<string> uids = list("requestheader-uid-headers");
        if (uids.Count > 0 && !uids.Contains("X-Remote-Uid", StringComparer.OrdinalIgnoreCase))
        {
            throw new CommandFailedException("--requestheader-uid-headers: X-Remote-Uid must be one of them");
        }

        return text("requestheader-client-ca-file") is not { } file ? null : new FrontProxyOptions
        {
            Authorities = From("requestheader-client-ca-file", file, Authorities),
            AllowedNames = list("requestheader-allowed-names"),
            UsernameHeaders = list("requestheader-username-headers"),
            UidHeaders = uids,
            GroupHeaders = list("requestheader-group-headers"),
            ExtraPrefixes = list("requestheader-extra-headers-prefix"),
        };
    }

    private static OidcOptions? ReadOidc(Func<string, string?> text, Func<string, IReadOnlyList<string>> list)
    {
        if (text("oidc-issuer-url") is not { } issuer)
        {
            return text("oidc-client-id") is null ? null : throw new CommandFailedException("--oidc-client-id is given without --oidc-issuer-url");
        }

        var required = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string pair in list("oidc-required-claim"))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            required[equals > 0 ? pair[..equals] : throw new CommandFailedException($"--oidc-required-claim: '{pair}' does not have the form name=value")] = pair[(equals + 1)..];
        }

        var options = new OidcOptions
        {
            Issuer = issuer,
            ClientId = text("oidc-client-id") ?? "",
            UsernameClaim = text("oidc-username-claim") ?? "sub",
            UsernamePrefix = text("oidc-username-prefix") is { } prefix ? (prefix == "-" ? "" : prefix) : null,
            GroupsClaim = text("oidc-groups-claim"),
            GroupsPrefix = text("oidc-groups-prefix") ?? "",
            RequiredClaims = required,
            SigningAlgorithms = list("oidc-signing-algs"),
            Authorities = text("oidc-ca-file") is { } ca ? From("oidc-ca-file", ca, Authorities) : null,
        };
        try
        {
            options.Validate();
            return options;
        }
        catch (ArgumentException bad)
        {
            throw new CommandFailedException(bad.Message, bad);
        }
    }

    private static X509Certificate2Collection Authorities(string pem)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(pem);
        return authorities.Count > 0 ? authorities : throw new FormatException("holds no certificate");
    }

    private static int AtLeastZero(string name, Func<string, int> number) => number(name) is >= 0 and int value ? value : throw new CommandFailedException($"--{name}: want 0 or more");

    private static T From<T>(string flag, string file, Func<string, T> parse)
    {
        try
        {
            return parse(File.ReadAllText(file));
        }
        catch (Exception fault) when (fault is FormatException or IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CommandFailedException($"--{flag}: {file}: {fault.Message}", fault);
        }
    }
}
