using System.Net;
using System.Security.Cryptography.X509Certificates;
using Orrery.Server.Authentication;
using Orrery.Server.Security;

namespace Orrery.Installation;

/// <summary>
/// Keys of one API server: its certificate authority, its serving certificate, and its key for tokens. Files of mode
/// 0600, made when missing, certificates renewed before they expire.
/// </summary>
internal sealed class PkiFolder(string path, TimeProvider time)
{
    private static readonly TimeSpan AuthorityLifetime = TimeSpan.FromDays(3650);
    private static readonly TimeSpan CertificateLifetime = TimeSpan.FromDays(365);

    /// <summary>A certificate with less than this left is made anew at the next start.</summary>
    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(30);

    public string AuthorityFile => Path.Combine(path, "ca.crt");

    public string TokenKeyFile => Path.Combine(path, "service-account.key");

    private string AuthorityKeyFile => Path.Combine(path, "ca.key");

    /// <summary>Opens the authority; the caller disposes it.</summary>
    /// <param name="name">Common name when it has to be made.</param>
    public CertificateAuthority EnsureAuthority(string name)
    {
        DataDirectory.MakePrivate(path);
        if (File.Exists(AuthorityFile) && File.Exists(AuthorityKeyFile))
        {
            return CertificateAuthority.Load(File.ReadAllText(AuthorityFile), File.ReadAllText(AuthorityKeyFile), time);
        }

        var authority = CertificateAuthority.Create(name, AuthorityLifetime, time);
        PrivateFile.Write(AuthorityKeyFile, authority.KeyPem);
        PrivateFile.Write(AuthorityFile, authority.CertificatePem);
        return authority;
    }

    /// <summary>The serving certificate for the loopback interface; the caller disposes it.</summary>
    public X509Certificate2 EnsureServer(CertificateAuthority authority) =>
        Ensure("server", () => authority.IssueServer(["localhost"], [IPAddress.Loopback, IPAddress.IPv6Loopback], CertificateLifetime)).ToX509();

    public IssuedCertificate EnsureClient(CertificateAuthority authority, string file, string user, string group, ClusterScope scope) =>
        Ensure(file, () => authority.IssueClient(user, [group], scope, CertificateLifetime));

    /// <summary>The key that signs tokens, PKCS#8 PEM.</summary>
    public string EnsureTokenKey()
    {
        if (File.Exists(TokenKeyFile))
        {
            return File.ReadAllText(TokenKeyFile);
        }

        string pem = ServiceAccountKeys.NewKeyPem();
        PrivateFile.Write(TokenKeyFile, pem);
        return pem;
    }

    private IssuedCertificate Ensure(string name, Func<IssuedCertificate> issue)
    {
        string certificateFile = Path.Combine(path, name + ".crt");
        string keyFile = Path.Combine(path, name + ".key");
        if (File.Exists(certificateFile) && File.Exists(keyFile))
        {
            var existing = new IssuedCertificate(File.ReadAllText(certificateFile), File.ReadAllText(keyFile));
            using X509Certificate2 certificate = existing.ToX509();
            if (certificate.NotAfter.ToUniversalTime() - RenewBefore > time.GetUtcNow().UtcDateTime)
            {
                return existing;
            }
        }

        IssuedCertificate issued = issue();
        PrivateFile.Write(keyFile, issued.KeyPem);
        PrivateFile.Write(certificateFile, issued.CertificatePem);
        return issued;
    }
}
