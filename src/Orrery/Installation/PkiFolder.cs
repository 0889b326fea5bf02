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

    /// <summary>Exists while one authority takes the place of another; written whole, so that each step of that is one write.</summary>
    private string RotationFile => Path.Combine(path, "ca-rotation.pem");

    /// <summary>Opens the authorities; the caller disposes them.</summary>
    /// <param name="name">Common name when one has to be made.</param>
    public Authorities EnsureAuthorities(string name)
    {
        DataDirectory.MakePrivate(path);
        AuthorityRotation? rotation = Rotation();
        CertificateAuthority? next = rotation is null ? null : CertificateAuthority.Load(rotation.CertificatePem, rotation.KeyPem, time);
        if (File.Exists(AuthorityFile) && File.Exists(AuthorityKeyFile))
        {
            string certificate = File.ReadAllText(AuthorityFile);
            if (next is not null && certificate.Trim() == next.CertificatePem.Trim())
            {
                // The last step was interrupted between its writes.
                return new Authorities(next, next, null);
            }

            var present = CertificateAuthority.Load(certificate, File.ReadAllText(AuthorityKeyFile), time);
            return new Authorities(present, rotation is { Phase: RotationPhase.Switched } ? next! : present, next);
        }

        var authority = CertificateAuthority.Create(name, AuthorityLifetime, time);
        PrivateFile.Write(AuthorityKeyFile, authority.KeyPem);
        PrivateFile.Write(AuthorityFile, authority.CertificatePem);
        return new Authorities(authority, authority, null);
    }

    /// <summary>The authority that signs; the caller disposes it.</summary>
    /// <param name="name">Common name when it has to be made.</param>
    public CertificateAuthority EnsureAuthority(string name) => EnsureAuthorities(name).Signing;

    /// <returns>Null when there is one authority alone.</returns>
    public AuthorityRotation? Rotation() => File.Exists(RotationFile) ? AuthorityRotation.Parse(File.ReadAllText(RotationFile)) : null;

    /// <summary>Makes the authority that is to take the place of the present one.</summary>
    public void BeginRotation(string name)
    {
        DateTimeOffset now = time.GetUtcNow();
        using CertificateAuthority next = CertificateAuthority.Create($"{name} {now.UtcDateTime:yyyyMMdd'T'HHmmss}", AuthorityLifetime, time);
        Write(new AuthorityRotation(RotationPhase.Introduced, now, next.CertificatePem, next.KeyPem));
    }

    public void Write(AuthorityRotation rotation) => PrivateFile.Write(RotationFile, rotation.ToText());

    /// <summary>Ends it: the next authority is the only one. Killed within, it is done again from where it was.</summary>
    public void FinishRotation(AuthorityRotation rotation)
    {
        // Authority first: as long as that is the former's, so is its key.
        using (var next = CertificateAuthority.Load(rotation.CertificatePem, rotation.KeyPem, time))
        {
            PrivateFile.Write(AuthorityFile, next.CertificatePem);
            PrivateFile.Write(AuthorityKeyFile, next.KeyPem);
        }

        File.Delete(RotationFile);
    }

    /// <summary>The serving certificate, good for the loopback interface and the hosts given; the caller disposes it.</summary>
    /// <param name="hosts">Names and IP addresses. One that stands for all interfaces says nothing, and is left out.</param>
    public X509Certificate2 EnsureServer(CertificateAuthority authority, IEnumerable<string>? hosts = null)
    {
        var names = new List<string> { "localhost" };
        var addresses = new List<IPAddress> { IPAddress.Loopback, IPAddress.IPv6Loopback };
        foreach (string host in hosts ?? [])
        {
            if (!IPAddress.TryParse(host, out IPAddress? address))
            {
                names.Add(host);
            }
            else if (!address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any))
            {
                addresses.Add(address);
            }
        }

        return Ensure(
            "server",
            () => authority.IssueServer([.. names.Distinct()], [.. addresses.Distinct()], CertificateLifetime),
            authority,
            certificate => certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault() is { } good
                && names.All(good.EnumerateDnsNames().Contains) && addresses.All(good.EnumerateIPAddresses().Contains)).ToX509();
    }

    public IssuedCertificate EnsureClient(CertificateAuthority authority, string file, string user, string group, ClusterScope scope) =>
        Ensure(file, () => authority.IssueClient(user, [group], scope, CertificateLifetime), authority);

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

    /// <summary>The keys that all replicas share; null when one of them is not here.</summary>
    public KeyBundle? Bundle() =>
        File.Exists(AuthorityFile) && File.Exists(AuthorityKeyFile) && File.Exists(TokenKeyFile)
            ? new KeyBundle(File.ReadAllText(AuthorityFile), File.ReadAllText(AuthorityKeyFile), File.ReadAllText(TokenKeyFile)) { Rotation = Rotation() }
            : null;

    /// <summary>Puts such keys where there are none.</summary>
    public void Install(KeyBundle bundle)
    {
        DataDirectory.MakePrivate(path);
        if (bundle.Rotation is { } rotation)
        {
            Write(rotation);
        }

        PrivateFile.Write(TokenKeyFile, bundle.TokenKeyPem);
        PrivateFile.Write(AuthorityKeyFile, bundle.AuthorityKeyPem);
        PrivateFile.Write(AuthorityFile, bundle.AuthorityPem);
    }

    private IssuedCertificate Ensure(string name, Func<IssuedCertificate> issue, CertificateAuthority authority, Func<X509Certificate2, bool>? stillGood = null)
    {
        string certificateFile = Path.Combine(path, name + ".crt");
        string keyFile = Path.Combine(path, name + ".key");
        if (File.Exists(certificateFile) && File.Exists(keyFile))
        {
            var existing = new IssuedCertificate(File.ReadAllText(certificateFile), File.ReadAllText(keyFile));
            using X509Certificate2 certificate = existing.ToX509();
            if (certificate.NotAfter.ToUniversalTime() - RenewBefore > time.GetUtcNow().UtcDateTime && authority.Issued(certificate) && (stillGood?.Invoke(certificate) ?? true))
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
