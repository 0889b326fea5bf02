namespace Orrery.Storage.Etcd;

/// <summary>What stands between this process and an etcd, and lies in how it was told to reach it.</summary>
public enum EtcdObstacle
{
    /// <summary>It ends the TLS connection over the client certificate: over one that it does not take, or since it was shown none.</summary>
    ClientCertificate,

    /// <summary>Its certificate is not one that is trusted here.</summary>
    Authority,

    /// <summary>Its certificate is for another name than that of the address.</summary>
    HostName,

    /// <summary>It is reached by https, and speaks no TLS.</summary>
    Plain,

    /// <summary>It is reached by http, and speaks TLS.</summary>
    Tls,

    /// <summary>It lets in users alone, and knows none by what it was shown.</summary>
    User,

    /// <summary>Its user has no right to the keys.</summary>
    Right,
}
