using System.Security.Cryptography.X509Certificates;

namespace Orrery.Storage.Etcd;

/// <summary>How to reach an etcd, and which part of it is ours.</summary>
public sealed record EtcdOptions
{
    public const string DefaultPrefix = "/orrery";

    /// <summary>Members' client addresses, <c>https://host:2379</c>; at least one. They are tried in turn.</summary>
    public required IReadOnlyList<Uri> Endpoints { get; init; }

    /// <summary>Authorities that may have issued the members' certificates; null trusts those of the system.</summary>
    public X509Certificate2Collection? Ca { get; init; }

    /// <summary>What this process shows to the members, asked for each connection anew, since certificates are renewed; null shows nothing.</summary>
    public Func<X509Certificate2>? ClientCertificate { get; init; }

    /// <summary>
    /// What every key of ours begins with, so that installations can share an etcd. Begins with a slash, does not end
    /// with one. Default <see cref="DefaultPrefix"/>.
    /// </summary>
    public string Prefix { get; init; } = DefaultPrefix;

    /// <summary>How long one member gets to answer one call before it counts as failed. Default 5 seconds.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long calls that are safe to repeat are tried again, on all members. Default 15 seconds.</summary>
    public TimeSpan RetryFor { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long the first calls are tried, while the store is opened. Default a minute.</summary>
    public TimeSpan OpenFor { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Told while the store is opened what keeps it waiting, each reason once; null tells nobody.</summary>
    public Action<string>? Waiting { get; init; }

    /// <summary>What a person is told besides of an obstacle, such as which option of a command is wrong; null adds nothing.</summary>
    public Func<EtcdObstacle, string>? Advice { get; init; }

    /// <summary>
    /// What all servers on this part of the etcd have in common, such as a digest of their authority's certificate. The first to come sets it, and who comes with
    /// another is refused. Null asks nothing.
    /// </summary>
    public string? Owner { get; init; }

    /// <summary>Who <see cref="Owner"/> was known as before; a store of that name becomes this owner's. Null for nobody.</summary>
    public string? FormerOwner { get; init; }

    /// <summary>Who <see cref="Owner"/> will be known as: other servers may be a step ahead. Null for nobody.</summary>
    public string? NextOwner { get; init; }

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <exception cref="ArgumentException">The options make no sense; the message names the one and what it may be.</exception>
    public void Validate()
    {
        if (Endpoints.Count == 0)
        {
            throw new ArgumentException("etcd endpoints: at least one is needed");
        }

        foreach (Uri endpoint in Endpoints)
        {
            if (!endpoint.IsAbsoluteUri || endpoint.Scheme is not ("http" or "https") || endpoint.PathAndQuery != "/" || endpoint.UserInfo.Length > 0)
            {
                throw new ArgumentException($"etcd endpoint '{endpoint.OriginalString}': it has the form https://host:port or http://host:port");
            }
        }

        if (Prefix.Length < 2 || Prefix[0] != '/' || Prefix[^1] == '/')
        {
            throw new ArgumentException($"etcd prefix '{Prefix}': it begins with a slash and does not end with one");
        }

        if (CallTimeout <= TimeSpan.Zero || RetryFor < TimeSpan.Zero || OpenFor < TimeSpan.Zero)
        {
            throw new ArgumentException($"etcd timeouts {CallTimeout}, {RetryFor} and {OpenFor}: they are above zero");
        }
    }
}
