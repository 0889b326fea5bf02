using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Controllers.Bundles;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Installations;

/// <summary>On which data planes an installation is to be, and with which share of its replicas. Pure.</summary>
internal static class InstallationTargets
{
    /// <summary>A cordoned data plane keeps what it has and takes nothing new.</summary>
    /// <param name="holds">Whether a data plane holds something of it already.</param>
    public static List<DataPlane> Of(InstallationPlan plan, Func<string, bool> holds)
    {
        List<DataPlane> targets = [.. plan.Placement.DataPlanes.Where(d => !d.Cordoned || holds(d.Name))];
        targets.AddRange(plan.Placement.Kept.Where(d => holds(d.Name) && !targets.Exists(t => t.Name == d.Name)));
        return targets;
    }

    /// <summary>What a data plane gets of what objects say: of the share that the vendor told where the installation was fetched, and of that what its own placement gives it.</summary>
    /// <returns>Null leaves what objects say; the text says the same in digests.</returns>
    public static (Func<int, int>? Replicas, string Divided) Shares(InstallationPlan plan, string name, IEnumerable<DataPlane> targets)
    {
        (Func<int, int>? own, string divided) = OwnShares(plan, name, targets);
        return ToldShare.Of(plan.Installation) is not { } told ? (own, divided)
            : (replicas => own is null ? told.Of(replicas) : own(told.Of(replicas)), $"{told};{divided}");
    }

    private static (Func<int, int>? Replicas, string Divided) OwnShares(InstallationPlan plan, string name, IEnumerable<DataPlane> targets)
    {
        Api.Kinds.Placement placement = Api.Kinds.Placement.Of(plan.Installation);
        if (!placement.Divides)
        {
            return (null, "");
        }

        string[] names = [.. targets.Select(t => t.Name).Order(StringComparer.Ordinal)];
        string divided = string.Join(',', names.Select(n => string.Create(CultureInfo.InvariantCulture, $"{n}={placement.Weights.GetValueOrDefault(n, 1)}")));
        return (replicas => ReplicaDivision.Divide(replicas, names, placement.Weights).GetValueOrDefault(name), divided);
    }

    public static void Divide(IEnumerable<JsonObject> objects, Func<int, int>? share)
    {
        if (share is null)
        {
            return;
        }

        foreach (JsonObject scaled in objects.Where(Overrides.HasReplicas))
        {
            scaled.ObjectAt("spec")["replicas"] = share((int)(scaled.NumberAt("spec", "replicas") ?? 1));
        }
    }
}
