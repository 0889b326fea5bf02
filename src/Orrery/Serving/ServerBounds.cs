using System.Net;
using Orrery.Server.Clusters;

namespace Orrery.Serving;

/// <summary>What the API server of a control plane does for its clusters, and how far.</summary>
/// <param name="WebhookAddresses">What webhooks of virtual clusters may reach beside public addresses.</param>
/// <param name="DisabledControllers">Upkeep that is left out.</param>
/// <param name="Room">The most that each virtual cluster may hold.</param>
/// <param name="SigningDuration">The longest that a certificate may hold that it signs by request.</param>
internal sealed record ServerBounds(IReadOnlyList<IPNetwork> WebhookAddresses, IReadOnlySet<string> DisabledControllers, ClusterRoom Room, TimeSpan SigningDuration);
