using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Status;

/// <summary>
/// Tells the users of a virtual cluster, by an Event of the object, that a data plane does not take it, and why: few kinds have a status that could say so, and of those that have one not all have
/// conditions there.
/// </summary>
internal sealed class RefusalEvents
{
    /// <summary>Of the Events.</summary>
    public const string Reason = "NotApplied";

    /// <summary>States that pass by themselves: what is in the way is about to go, or to come. (Nor is it told that what was withdrawn is not there.)</summary>
    private static readonly string[] Passing = ["Terminating", "NamespaceTerminating", "NoTenancy", TakenPod.Gone];

    private readonly EventRecorder events;
    private readonly SourceInformers sources;

    public RefusalEvents(ControllerContext context, SourceInformers sources)
    {
        events = context.Events;
        this.sources = sources;

        // What was refused before this process looked has been told of then.
        context.Works.Informer.Subscribe(change =>
        {
            if (change is { Old: { } old, Current: { } work })
            {
                Tell(old, work);
            }
        });
    }

    private void Tell(KubeObject old, KubeObject work)
    {
        if (Conditions.Find(work, OrreryNames.AppliedCondition) is { Status: Conditions.False } refused
            && !Passing.Contains(refused.Reason, StringComparer.Ordinal)
            && Withdrawal.Of(work) is null
            && (Conditions.Find(old, OrreryNames.AppliedCondition) is not { } before || (before.Status, before.Reason, before.Message) != (refused.Status, refused.Reason, refused.Message))
            && SourceKey.Of(work) is { } key && sources.Get(key) is { } source)
        {
            events.Warning(source, Reason, $"{WorkDirectory.DataPlaneOf(work)}: {refused.Reason}: {refused.Message}", key.Object.Cluster);
        }
    }
}
