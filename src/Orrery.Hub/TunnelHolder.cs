namespace Orrery.Hub;

/// <summary>Which server holds a data plane's tunnel, as it is recorded.</summary>
/// <param name="Instance">Which process of the satellite opened it; empty where that is not known.</param>
/// <param name="Since">RFC 3339; empty where that is not known.</param>
internal sealed record TunnelHolder(string Server, string Instance, string Since);
