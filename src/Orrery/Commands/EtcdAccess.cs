using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orrery.Storage.Etcd;

namespace Orrery.Commands;

/// <summary>Reads how to reach an etcd from what was said on a command line.</summary>
internal static class EtcdAccess
{
    /// <param name="option">Which names the addresses, and <paramref name="caOption"/> the authorities, for messages.</param>
    /// <param name="caFile">Null trusts the authorities of the system.</param>
    /// <exception cref="CommandFailedException">What was said makes no sense.</exception>
    public static EtcdOptions Read(string option, IEnumerable<string> addresses, string caOption, string? caFile, (string Certificate, string Key)? client, string prefix)
    {
        try
        {
            var options = new EtcdOptions
            {
                Endpoints = [.. addresses.Select(text => Address(option, text))],
                Ca = caFile is null ? null : Authorities(caOption, caFile),
                ClientCertificate = client is { } files ? ShownFrom(new CertificateFiles(files.Certificate, files.Key)) : null,
                Prefix = prefix,
            };
            options.Validate();
            return options;
        }
        catch (Exception error) when (error is ArgumentException or IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CommandFailedException(error.Message, error);
        }
    }

    private static Func<X509Certificate2> ShownFrom(CertificateFiles files) => () => files.Current;

    private static Uri Address(string option, string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? address) ? address : throw new ArgumentException($"{option}: '{text}' does not have the form https://host:port");

    private static X509Certificate2Collection Authorities(string option, string file)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(file);
        return authorities.Count > 0 ? authorities : throw new ArgumentException($"{option}: {file} holds no certificate");
    }
}
