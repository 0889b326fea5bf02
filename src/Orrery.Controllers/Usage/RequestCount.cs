namespace Orrery.Controllers.Usage;

/// <summary>Requests to a tenant's virtual clusters since they were last counted.</summary>
/// <param name="IsCounted">To be called once they are written down; until then they are told again.</param>
internal sealed record RequestCount(long Requests, Action IsCounted);
