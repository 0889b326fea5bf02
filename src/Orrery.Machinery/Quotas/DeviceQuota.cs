using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;

namespace Orrery.Machinery.Quotas;

/// <summary>Claims of devices: <c>evaluator/core/resource_claims.go</c>. What a claim may get at most counts, since nobody knows yet what it will.</summary>
internal sealed class DeviceQuota(GroupResource resource) : QuotaEvaluator(resource)
{
    public const string OfClass = ".deviceclass.resource.k8s.io/devices";

    /// <summary>As many devices as a claim can be given at all.</summary>
    private const long MostOfClaim = 32;

    public override bool Handles(bool isCreate, string subresource) => subresource.Length == 0;

    public override IEnumerable<string> Matching(IEnumerable<string> hard) => hard.Where(name => IsCount(name) || name.EndsWith(OfClass, StringComparison.Ordinal));

    public override ResourceList Usage(JsonObject item, DateTimeOffset now)
    {
        ResourceList usage = One();
        foreach (JsonObject request in item.ObjectAt("spec").Child("devices")?.Items("requests") ?? [])
        {
            var most = new ResourceList();
            foreach (JsonObject asked in request.Count("firstAvailable") > 0 ? request.Items("firstAvailable") : request.Child("exactly") is { } exactly ? [exactly] : [])
            {
                string name = asked.Text("deviceClassName") + OfClass;
                var devices = Quantity.FromWhole(asked.Text("allocationMode") == "All" ? MostOfClaim : asked.Number("count") is { } count ? (long)count : 1);
                most[name] = most.TryGetValue(name, out Quantity other) && other > devices ? other : devices;
            }

            usage.Plus(most);
        }

        return usage;
    }
}
