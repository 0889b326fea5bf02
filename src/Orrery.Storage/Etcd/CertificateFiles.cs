using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Orrery.Storage.Etcd;

/// <summary>A certificate and its key in PEM files, as they are now: whoever renews them need tell nobody.</summary>
public sealed class CertificateFiles
{
    private readonly string certificate;
    private readonly string key;
    private readonly Lock gate = new();
    private (string Certificate, string Key) read;
    private X509Certificate2 current;

    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read.</exception>
    /// <exception cref="CryptographicException">They are no certificate and its key.</exception>
    public CertificateFiles(string certificate, string key)
    {
        this.certificate = certificate;
        this.key = key;
        read = Read();
        current = X509Certificate2.CreateFromPem(read.Certificate, read.Key);
    }

    /// <summary>Compared by what they hold: links to them, as a mounted Secret has, do not change when they do.</summary>
    public X509Certificate2 Current
    {
        get
        {
            lock (gate)
            {
                try
                {
                    if (Read() is var now && now != read)
                    {
                        current = X509Certificate2.CreateFromPem(now.Certificate, now.Key);
                        read = now;
                    }
                }
                catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
                {
                    // They are being written, or not there: the former is shown once more.
                }

                return current;
            }
        }
    }

    private (string Certificate, string Key) Read() => (File.ReadAllText(certificate), File.ReadAllText(key));
}
