using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Client;

/// <summary>What a Lease says about who leads (coordination.k8s.io/v1, spec).</summary>
/// <param name="Holder">Empty when nobody leads.</param>
/// <param name="Version">resourceVersion of the Lease; null when there is none yet.</param>
internal sealed record LeaseRecord(string Holder, int Seconds, DateTimeOffset Acquired, DateTimeOffset Renewed, int Transitions, string? Version)
{
    public static readonly GroupVersionResource Leases = new("coordination.k8s.io", "v1", "leases");

    public static LeaseRecord From(KubeObject lease) => new(
        lease.TextAt("spec", "holderIdentity") ?? "",
        (int)(lease.NumberAt("spec", "leaseDurationSeconds") ?? 0),
        Time(lease, "acquireTime"),
        Time(lease, "renewTime"),
        (int)(lease.NumberAt("spec", "leaseTransitions") ?? 0),
        lease.ResourceVersion);

    public JsonObject ToJson(string name)
    {
        var metadata = new JsonObject { ["name"] = name };
        if (Version is not null)
        {
            metadata["resourceVersion"] = Version;
        }

        return new JsonObject
        {
            ["apiVersion"] = Leases.ApiVersion,
            ["kind"] = "Lease",
            ["metadata"] = metadata,
            ["spec"] = new JsonObject
            {
                ["holderIdentity"] = Holder,
                ["leaseDurationSeconds"] = Seconds,
                ["acquireTime"] = Stamp(Acquired),
                ["renewTime"] = Stamp(Renewed),
                ["leaseTransitions"] = Transitions,
            },
        };
    }

    /// <summary>MicroTime.</summary>
    private static string Stamp(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    private static DateTimeOffset Time(KubeObject lease, string member) =>
        DateTimeOffset.TryParse(lease.TextAt("spec", member), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset at) ? at : default;
}
