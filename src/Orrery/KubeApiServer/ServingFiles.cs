using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orrery.Commands;
using Orrery.Installation;
using Orrery.Server.Security;

namespace Orrery.KubeApiServer;

/// <summary>Certificate, key and chain that the launcher serves with.</summary>
/// <param name="Chain">Between the certificate and its authority.</param>
/// <param name="RootPem">What verifies the certificate, as far as it is known.</param>
internal sealed record ServingFiles(X509Certificate2 Certificate, X509Certificate2Collection Chain, string RootPem)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(365);

    /// <summary>
    /// Those that were named, else <c>apiserver.crt</c> and <c>apiserver.key</c> of the folder, which are made when missing:
    /// the certificate file then also holds the authority, so that clients can be given that file.
    /// </summary>
    /// <exception cref="CommandFailedException">The files cannot be read or written, or do not go together.</exception>
    public static ServingFiles Ensure(KubeApiServerOptions options, TimeProvider time)
    {
        string folderCertificate = Path.Combine(options.CertDir, "apiserver.crt"), folderKey = Path.Combine(options.CertDir, "apiserver.key");
        try
        {
            if (options.TlsFiles is { } named)
            {
                return Load(named.Certificate, named.Key);
            }

            if (!File.Exists(folderCertificate) || !File.Exists(folderKey))
            {
                Directory.CreateDirectory(options.CertDir);
                Make(options, folderCertificate, folderKey, time);
            }

            return Load(folderCertificate, folderKey);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CommandFailedException($"serving certificate: {fault.Message}", fault);
        }
    }

    private static ServingFiles Load(string certificateFile, string keyFile)
    {
        X509Certificate2 certificate = X509Certificate2.CreateFromPemFile(certificateFile, keyFile);
        var all = new X509Certificate2Collection();
        all.ImportFromPemFile(certificateFile);
        X509Certificate2Collection chain = [.. all.Where(c => c.Thumbprint != certificate.Thumbprint)];
        return new ServingFiles(certificate, chain, (chain.Count > 0 ? chain[^1] : certificate).ExportCertificatePem() + "\n");
    }

    private static void Make(KubeApiServerOptions options, string certificateFile, string keyFile, TimeProvider time)
    {
        using CertificateAuthority authority = CertificateAuthority.Create($"{options.Advertise}-ca", Lifetime * 2, time);
        string[] names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];
        IssuedCertificate issued = authority.IssueServer(
            options.ExternalHost is { } host && !IPAddress.TryParse(host, out _) ? [host, .. names] : names,
            [.. new[] { IPAddress.Loopback, IPAddress.IPv6Loopback, options.Advertise, IPAddress.Parse(options.ServiceRanges[0].First) }.Distinct()],
            Lifetime);
        PrivateFile.Write(keyFile, issued.KeyPem);
        PrivateFile.Write(certificateFile, issued.CertificatePem + "\n" + authority.CertificatePem + "\n");
    }
}
