using Orrery.Api;

namespace Orrery.Satellite.Applying;

/// <summary>Says in the cluster, about the object, that somebody changed it and what became of that, or that it does not go.</summary>
internal sealed class DriftEvents(SatelliteContext context)
{
    private static readonly GroupVersionResource Events = new("", "v1", "events");

    public void PutBack(KubeObject live, DriftFound drift) =>
        Say(live, "DriftCorrected", drift.IsGone ? $"{drift.Message}, and is made again" : $"{drift.Message}; it is put back");

    public void Contested(KubeObject live, DriftFound drift) => Say(live, "DriftContested", $"{drift.Message}, and so again and again: somebody else wants it otherwise");

    public void Report(KubeObject live, DriftFound drift) => Say(live, "Drifted", $"{drift.Message}; it is left so");

    public void Conflict(KubeObject live, string held) => Say(live, "ApplyConflict", $"somebody else applies fields of it: {held}");

    public void Waits(KubeObject live, string finalizers) => Say(live, "RemovalWaits", $"it is wanted no more and was deleted, and waits for its finalizers: {finalizers}");

    public void NotRemoved(KubeObject live, string refusal) => Say(live, "RemovalRefused", $"it is wanted no more and cannot be deleted: {refusal}");

    private void Say(KubeObject live, string reason, string message)
    {
        if (context.Actions.Denies(Events, "Event", live.Namespace, "") is null)
        {
            context.ClusterEvents.Warning(live, reason, message);
        }
    }
}
