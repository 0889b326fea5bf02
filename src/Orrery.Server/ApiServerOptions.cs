using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Server.Handlers;
using Orrery.Server.Security;
using Orrery.Storage;

namespace Orrery.Server;

/// <summary>What an <see cref="ApiServer"/> is started with.</summary>
public sealed record ApiServerOptions
{
    /// <summary>Durable state. The server does not dispose it.</summary>
    public required IStore Store { get; init; }

    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>TCP port; zero takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>With its private key.</summary>
    public required X509Certificate2 ServingCertificate { get; init; }

    /// <summary>Issuers of the client certificates that are accepted; also what <c>kube-root-ca.crt</c> holds.</summary>
    public required X509Certificate2Collection ClientCas { get; init; }

    /// <summary>Sign and verify service account tokens.</summary>
    public required ServiceAccountKeys ServiceAccountKeys { get; init; }

    /// <summary>File of <c>token,user,uid,"group1,group2"[,cluster]</c> lines; null for none.</summary>
    public string? StaticTokenFile { get; init; }

    /// <summary>How clients reach the server; null takes the address listened on.</summary>
    public Uri? PublicUrl { get; init; }

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Seed of generated names; null takes one from the system's entropy.</summary>
    public int? Seed { get; init; }

    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Subresources that something beside the server serves, such as <c>pods/log</c>.</summary>
    public IReadOnlyList<ISubresourceHandler> SubresourceHandlers { get; init; } = [];
}
