using System.CommandLine;
using Orrery.Storage.Etcd;

namespace Orrery.Commands;

/// <summary>Where the control plane keeps its state: its own file, or an etcd.</summary>
internal sealed class StoreOptions
{
    private readonly Option<string> endpoints = new("--etcd")
    {
        Description = "All state is in this etcd instead of a file in the data directory: addresses of its members, separated by commas.",
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
        if (parse.GetValue(endpoints) is not { } addresses)
        {
            Option? stray = new Option[] { ca, certificate, key, prefix }.FirstOrDefault(option => parse.GetResult(option) is { Implicit: false });
            return stray is null ? null : throw new CommandFailedException($"{stray.Name} says how to reach an etcd, but --etcd does not say which");
        }

        if (parse.GetValue(certificate) is null != parse.GetValue(key) is null)
        {
            throw new CommandFailedException("--etcd-cert and --etcd-key go together");
        }

        return EtcdAccess.Read(
            new EtcdOptionNames(endpoints.Name, ca.Name, certificate.Name, key.Name, prefix.Name),
            addresses.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries), parse.GetValue(ca),
            parse.GetValue(certificate) is { } file ? (file, parse.GetValue(key)!) : null, parse.GetValue(prefix)!);
    }
}
