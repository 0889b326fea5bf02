using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orrery.Storage.Etcd;

namespace Orrery.Commands;

/// <summary>Where the control plane keeps its state: its own file, or an etcd.</summary>
internal sealed class StoreOptions
{
    private readonly Option<string> endpoints = new("--etcd")
    {
        Description = "Keep all state in this etcd instead of a file in the data directory: addresses of its members, separated by commas.",
        HelpName = "URL,URL",
    };

    private readonly Option<string> ca = new("--etcd-ca") { Description = "Authorities of the members' certificates, PEM. Default: those of the system.", HelpName = "FILE" };
    private readonly Option<string> certificate = new("--etcd-cert") { Description = "Client certificate for etcd, PEM.", HelpName = "FILE" };
    private readonly Option<string> key = new("--etcd-key") { Description = "Key of that certificate, PEM.", HelpName = "FILE" };
    private readonly Option<string> prefix = new("--etcd-prefix")
    {
        Description = "What every key begins with, so that installations can share an etcd.",
        DefaultValueFactory = _ => EtcdOptions.DefaultPrefix,
        HelpName = "PREFIX",
    };

    public void AddTo(Command command)
    {
        foreach (Option option in (ReadOnlySpan<Option>)[endpoints, ca, certificate, key, prefix])
        {
            command.Options.Add(option);
        }
    }

    /// <returns>Null where nothing was said: the file.</returns>
    /// <exception cref="CommandFailedException">What was said makes no sense.</exception>
    public EtcdOptions? Read(ParseResult parse)
    {
        if (parse.GetValue(endpoints) is not { Length: > 0 } addresses)
        {
            Option? stray = new Option[] { ca, certificate, key, prefix }.FirstOrDefault(option => parse.GetResult(option) is { Implicit: false });
            return stray is null ? null : throw new CommandFailedException($"{stray.Name} says how to reach an etcd, but --etcd does not say which");
        }

        if (parse.GetValue(certificate) is null != parse.GetValue(key) is null)
        {
            throw new CommandFailedException("--etcd-cert and --etcd-key go together");
        }

        try
        {
            var options = new EtcdOptions
            {
                Endpoints = [.. addresses.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Address)],
                Ca = parse.GetValue(ca) is { } caFile ? Authorities(caFile) : null,
                ClientCertificate = parse.GetValue(certificate) is { } file ? X509Certificate2.CreateFromPemFile(file, parse.GetValue(key)) : null,
                Prefix = parse.GetValue(prefix)!,
            };
            options.Validate();
            return options;
        }
        catch (Exception error) when (error is ArgumentException or IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CommandFailedException(error.Message, error);
        }
    }

    private static Uri Address(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? address) ? address : throw new ArgumentException($"--etcd: '{text}' does not have the form https://host:port");

    private static X509Certificate2Collection Authorities(string file)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(file);
        return authorities.Count > 0 ? authorities : throw new ArgumentException($"--etcd-ca: {file} holds no certificate");
    }
}
