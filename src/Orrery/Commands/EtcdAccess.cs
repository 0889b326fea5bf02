using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orrery.Storage.Etcd;

namespace Orrery.Commands;

/// <summary>Reads how to reach an etcd from what was said on a command line.</summary>
internal static class EtcdAccess
{
    /// <param name="names">Of the options, for messages.</param>
    /// <param name="caFile">Null trusts the authorities of the system.</param>
    /// <exception cref="CommandFailedException">What was said makes no sense.</exception>
    public static EtcdOptions Read(EtcdOptionNames names, IEnumerable<string> addresses, string? caFile, (string Certificate, string Key)? client, string prefix)
    {
        try
        {
            var options = new EtcdOptions
            {
                Endpoints = [.. addresses.Select(text => Address(names.Servers, text))],
                Ca = caFile is null ? null : Authorities(names.Ca, caFile),
                ClientCertificate = client is { } files ? ShownFrom(Files(names, files.Certificate, files.Key)) : null,
                Prefix = prefix,
                Advice = obstacle => names.Advice(obstacle, client is not null, caFile is not null),
                Waiting = static reason => Console.Error.WriteLine($"{reason}; tried again, for a minute"),
            };
            options.Validate();
            return options;
        }
        catch (ArgumentException error)
        {
            throw new CommandFailedException(error.Message, error);
        }
    }

    private static Func<X509Certificate2> ShownFrom(CertificateFiles files) => () => files.Current;

    private static CertificateFiles Files(EtcdOptionNames names, string certificate, string key)
    {
        try
        {
            return new CertificateFiles(certificate, key);
        }
        catch (Exception error) when (error is ArgumentException or IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CommandFailedException($"{names.Certificate}, {names.Key}: {error.Message}", error);
        }
    }

    private static Uri Address(string option, string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? address) ? address : throw new ArgumentException($"{option}: '{text}' does not have the form https://host:port");

    private static X509Certificate2Collection Authorities(string option, string file)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CommandFailedException($"{option}: {error.Message}", error);
        }

        return authorities.Count > 0 ? authorities : throw new CommandFailedException($"{option}: {file} holds no certificate");
    }
}
