using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.DataPlanes;

/// <summary>
/// The condition Duplicated where a second satellite is refused. Where both work, as there are no tunnels by which one could be refused, or one is from before that, they say it themselves, with another reason.
/// </summary>
internal static class Duplication
{
    public const string Reason = "SecondRefused";

    /// <param name="status">What the controllers say of the data plane.</param>
    /// <param name="second">Null where none was refused lately.</param>
    /// <returns>Whether it is new.</returns>
    public static bool Set(KubeObject dataPlane, JsonObject status, SecondSatellite? second, DateTimeOffset now)
    {
        ConditionState? known = Conditions.Find(dataPlane, OrreryNames.DuplicatedCondition) is { Reason: Reason } own ? own : null;
        if (second is not { } refused)
        {
            return known is not null;
        }

        if (known is not null)
        {
            Conditions.Set(status, known.Type, known.Status, known.Reason, known.Message, known.LastTransitionTime ?? now, known.ObservedGeneration);
        }

        return Conditions.Set(
            status, OrreryNames.DuplicatedCondition, Conditions.True, Reason,
            $"another satellite with this one's Secret, from {refused.Address}, asks to be let in and is refused, as this one answers. {SecondSatellite.Remedy(dataPlane.Name)}", now, dataPlane.Generation);
    }
}
