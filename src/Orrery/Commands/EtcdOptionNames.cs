using Orrery.Storage.Etcd;

namespace Orrery.Commands;

/// <summary>Options of a command line that say how to reach an etcd, by which a person is told what to say otherwise.</summary>
/// <param name="Servers">Names the addresses.</param>
/// <param name="Ca">Names the authorities of its certificates.</param>
/// <param name="Certificate">Names the client certificate.</param>
/// <param name="Key">Names the key of that.</param>
/// <param name="Prefix">Names what every key begins with.</param>
internal sealed record EtcdOptionNames(string Servers, string Ca, string Certificate, string Key, string Prefix)
{
    /// <summary>What may be said otherwise where that stands in the way.</summary>
    /// <param name="showsCertificate">A client certificate was named.</param>
    /// <param name="hasAuthorities">Authorities were named.</param>
    public string Advice(EtcdObstacle obstacle, bool showsCertificate, bool hasAuthorities) => obstacle switch
    {
        EtcdObstacle.ClientCertificate when showsCertificate => $"is what {Certificate} names over, or of an authority that it does not know?",
        EtcdObstacle.ClientCertificate => $"it wants a client certificate, which {Certificate} and {Key} name",
        EtcdObstacle.Authority when hasAuthorities => $"is what {Ca} names the authority of that certificate?",
        EtcdObstacle.Authority => $"{Ca} names the authority of that certificate, where it is not one of the system",
        EtcdObstacle.HostName => $"{Servers} is to name the member as its certificate does",
        EtcdObstacle.Plain => $"is http:// meant in {Servers}?",
        EtcdObstacle.Tls => $"is https:// meant in {Servers}?",
        EtcdObstacle.User => $"its users are known by the common name of the client certificate alone, which {Certificate} and {Key} name (no passwords)",
        EtcdObstacle.Right => $"its user needs to read and write all that begins with the {Prefix}",
        _ => throw new ArgumentOutOfRangeException(nameof(obstacle), obstacle, null),
    };
}
