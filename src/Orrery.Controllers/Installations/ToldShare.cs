using System.Globalization;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Installations;

/// <summary>
/// Share of divided replicas that the vendor tells a tenant's own controllers with an installation: the weights of all data planes in the order of their names, which
/// are nobody else's business, and which of them this one is. The same arithmetic on either side, so that all shares add up.
/// </summary>
/// <param name="Position">Of this data plane among the weights.</param>
internal sealed record ToldShare(int Position, IReadOnlyList<int> Weights)
{
    public const string Annotation = "orrery.dev/share";

    private const int MostWeights = 10_000;

    /// <returns>Null when nothing is told, or nothing that makes sense.</returns>
    public static ToldShare? Of(KubeObject installation)
    {
        string[] parts = installation.Annotations.GetValueOrDefault(Annotation, "").Split(':');
        if (parts.Length != 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int position))
        {
            return null;
        }

        string[] texts = parts[1].Split(',');
        var weights = new List<int>();
        foreach (string text in texts.Take(MostWeights))
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int weight))
            {
                return null;
            }

            weights.Add(weight);
        }

        return position < weights.Count ? new ToldShare(position, weights) : null;
    }

    /// <returns>Null when the installation's placement does not divide.</returns>
    public static ToldShare? For(InstallationPlan plan, DataPlane dataPlane, IEnumerable<DataPlane> targets)
    {
        Api.Kinds.Placement placement = Api.Kinds.Placement.Of(plan.Installation);
        string[] names = [.. targets.Select(t => t.Name).Order(StringComparer.Ordinal)];
        int position = Array.IndexOf(names, dataPlane.Name);
        return placement.Divides && position >= 0 ? new ToldShare(position, [.. names.Select(n => placement.Weights.GetValueOrDefault(n, 1))]) : null;
    }

    public int Of(int replicas)
    {
        // Names that sort as the data planes' own do: a rest goes to the same one.
        string[] names = [.. Weights.Select((_, i) => i.ToString("D6", CultureInfo.InvariantCulture))];
        return ReplicaDivision.Divide(replicas, names, names.Zip(Weights).ToDictionary(w => w.First, w => w.Second, StringComparer.Ordinal))[names[Position]];
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Position}:{string.Join(',', Weights)}");
}
