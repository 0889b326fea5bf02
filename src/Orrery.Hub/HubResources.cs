using Orrery.Api;

namespace Orrery.Hub;

/// <summary>Resources of Kubernetes itself that the hub names.</summary>
internal static class HubResources
{
    public static readonly GroupVersionResource Leases = new("coordination.k8s.io", "v1", "leases");
}
