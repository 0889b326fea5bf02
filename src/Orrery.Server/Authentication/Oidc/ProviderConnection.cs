namespace Orrery.Server.Authentication.Oidc;

/// <summary>Connects to a host of a provider, or refuses to.</summary>
/// <exception cref="HttpRequestException">It leads where it must not, or nobody answers.</exception>
internal delegate ValueTask<Stream> ProviderConnection(System.Net.DnsEndPoint host, CancellationToken cancellationToken);
