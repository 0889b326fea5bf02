using System.Globalization;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.Installations;

/// <summary>Whether an installation stays in a data plane in which it is not wanted any more, until it runs where it is wanted. Read off the status alone. Pure.</summary>
internal static class InstallationMove
{
    /// <summary>Data planes that a message names.</summary>
    private const int MostNamed = 10;

    /// <summary>Whether it runs in a data plane, and does not go from there already.</summary>
    public static bool IsInForce(PlaneStatus place) =>
        place.InForce is not null && place.Phase != Phases.Uninstalling && place.Attempt is not { Stage: Stages.BeforeDeletion or Stages.Deleting };

    /// <summary>Whether no maintenance window holds it there: the data plane is emptied, or is not for its tenant any more.</summary>
    public static bool HasToLeave(InstallationPlan plan, DataPlane place) => place.Drained || !plan.Admits(place);

    /// <param name="look">The data plane that it leaves.</param>
    /// <param name="wanted">Data planes in which it is wanted, as this look left them.</param>
    /// <returns>What is to stand of that place in the status; null when it may go.</returns>
    public static PlaneStatus? Stay(PlaneLook look, IReadOnlyList<PlaneStatus> wanted, DateTimeOffset now)
    {
        (InstallationPlan plan, DataPlane place, PlaneStatus before) = (look.Plan, look.DataPlane, look.Before);
        if (plan.Installation.IsDeleting || !IsInForce(before))
        {
            // What never ran there, or goes already, is nothing to keep.
            return null;
        }

        // A move that began while a window was open goes on, unless where it is to go waits for the next one.
        if (look.Hold is { } hold && !HasToLeave(plan, place) && (before.Phase != Phases.Leaving || wanted.Any(p => p.Reason == WindowHold.Reason)))
        {
            return before.In(Phases.Pending, WindowHold.Reason, $"it stays here: {hold.Message}");
        }

        PlacementMove move = Api.Kinds.Placement.Of(plan.Installation).Move;
        List<PlaneStatus> coming = [.. wanted.Where(p => !Stands(p))];
        if (coming.Count == 0 || !(move.StartsFirst || place.Drained))
        {
            return null;
        }

        DateTimeOffset end = EndOf(before, move, now);
        if (!place.Drained && end <= now)
        {
            return null;
        }

        string names = string.Join(", ", coming.Take(MostNamed).Select(p => $"{p.Name} ({p.Phase})")) + (coming.Count > MostNamed ? $" and {coming.Count - MostNamed} more" : "");
        return before.In(
            Phases.Leaving, "WaitsForNewPlace",
            $"it stays until {plan.WantedRelease} runs on {names}" + (place.Drained ? "" : string.Create(CultureInfo.InvariantCulture, $", or until {end:yyyy-MM-dd'T'HH:mm:ss'Z'}")));
    }

    /// <summary>Until when it is waited for what is to come.</summary>
    public static DateTimeOffset EndOf(PlaneStatus leaving, PlacementMove move, DateTimeOffset now) =>
        (leaving.Phase == Phases.Leaving && leaving.Since is { } since ? since : now) + move.Timeout;

    private static bool Stands(PlaneStatus place) => place.InForce is not null && place.InForce == place.Wanted && place.Phase is Phases.Running or Phases.Paused && place.Ready == place.Objects;
}
