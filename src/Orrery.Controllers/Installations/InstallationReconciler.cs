using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;

namespace Orrery.Controllers.Installations;

/// <summary>Brings an installation on each of its data planes a step on, and sums up how far it is.</summary>
internal sealed class InstallationReconciler(
    KubeClient root,
    Informer installations,
    InstallationPlanner planner,
    PlaneReconciler planes,
    PrivatePlaneReconciler privatePlanes,
    WorkDirectory works,
    FleetDirectory fleet,
    EventRecorder events,
    TimeProvider time) : IReconciler<ObjectKey>
{
    /// <summary>When to look again at what Works will not tell: a chart that comes back, a deadline.</summary>
    private static readonly TimeSpan RetryLook = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan HeardLook = TimeSpan.FromMilliseconds(50);

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (installations.Get(key) is not { } installation)
        {
            return ReconcileResult.Done;
        }

        if (!installation.IsDeleting)
        {
            await OwnKinds.SetFinalizerAsync(root, installations, installation, OrreryNames.InstallationFinalizer, present: true, cancellationToken).ConfigureAwait(false);
            installation = installations.Get(key) ?? installation;
        }
        else if (!installation.Finalizers.Contains(OrreryNames.InstallationFinalizer))
        {
            return ReconcileResult.Done;
        }

        // 1. What is wanted, and where.
        InstallationPlan plan = await planner.PlanAsync(installation, cancellationToken).ConfigureAwait(false);
        IReadOnlyDictionary<string, PlaneStatus> before = PlaneStatus.Of(installation);
        ILookup<string, KubeObject> byPlane = works.Of(installation).ToLookup(WorkDirectory.DataPlaneOf, StringComparer.Ordinal);
        List<DataPlane> targets = installation.IsDeleting ? [] : InstallationTargets.Of(plan, byPlane.Contains);

        // 2. Each data plane, those that it leaves last: they wait for the others. Outside of its windows nothing that runs is changed, and where nothing runs yet only a move waits.
        WindowHold? hold = plan.Windows?.HoldAt(installation, time.GetUtcNow());
        bool isMove = hold is not null && before.Values.Any(p => InstallationMove.IsInForce(p) && !targets.Exists(t => t.Name == p.Name) && MayStay(p.Name));
        var after = new List<PlaneStatus>();
        var looked = new List<DataPlane>();
        IReadOnlyList<PlaneStatus> wanted = [];
        foreach (string name in targets.Select(t => t.Name).Order(StringComparer.Ordinal).Concat(
            before.Keys.Union(byPlane.Select(p => p.Key)).Except(targets.Select(t => t.Name)).Order(StringComparer.Ordinal)))
        {
            PlaneLook look = Look(plan, name, targets, byPlane[name], before.GetValueOrDefault(name) ?? new PlaneStatus(name));
            look = look.Before.InForce is not null || isMove ? look with { Hold = hold } : look;
            looked.Add(look.DataPlane);
            PlaneStatus? status;
            if (targets.Exists(t => t.Name == name))
            {
                status = await (look.DataPlane.HasOwnControllers ? privatePlanes.AdvanceAsync(look, cancellationToken) : planes.AdvanceAsync(look, cancellationToken)).ConfigureAwait(false);
                wanted = [.. wanted, status];
            }
            else
            {
                bool isLeaving = fleet.Current.DataPlane(name) is not { Deleting: false };
                status = (isLeaving || look.DataPlane.Paused || plan.Suspension is not null ? null : InstallationMove.Stay(look, wanted, time.GetUtcNow()))
                    ?? await planes.RemoveAsync(look, isLeaving, cancellationToken).ConfigureAwait(false);
            }

            if (status is not null)
            {
                after.Add(Dated(status, look.Before).Without(plan.Secrets));
            }
        }

        // 3. What is known now.
        if (installation.IsDeleting && after.Count == 0)
        {
            await OwnKinds.SetFinalizerAsync(root, installations, installation, OrreryNames.InstallationFinalizer, present: false, cancellationToken).ConfigureAwait(false);
            return ReconcileResult.Done;
        }

        await OwnKinds.WriteStatusAsync(root, installations, installation, InstallationStatus.Build(plan, after, hold, time.GetUtcNow()), cancellationToken).ConfigureAwait(false);
        Tell(installation, before, after);

        // A data plane that is heard again wakes those whose status names it: until now this one's did not.
        return looked.Exists(d => fleet.Current.DataPlane(d.Name) is { } now && now.IsReporting != d.IsReporting) ? ReconcileResult.After(HeardLook) : Next(plan, after, hold);

        bool MayStay(string name) => fleet.Current.DataPlane(name) is { Deleting: false } place && !InstallationMove.HasToLeave(plan, place);
    }

    private PlaneLook Look(InstallationPlan plan, string name, List<DataPlane> targets, IEnumerable<KubeObject> found, PlaneStatus before)
    {
        DataPlane plane = fleet.Current.DataPlane(name) ?? new DataPlane(name, new Dictionary<string, string>(), "Shared", [], false, false, true, Conditions.Unknown, "it has left the fleet");
        (Func<int, int>? replicas, string divided) = InstallationTargets.Shares(plan, name, targets);
        ILookup<bool, KubeObject> byRole = found.ToLookup(InstallationWorks.IsHook);
        return new PlaneLook(plan, plane, [.. byRole[false]], [.. byRole[true]], before, replicas, divided) { Told = ToldShare.For(plan, plane, targets) };
    }

    private PlaneStatus Dated(PlaneStatus status, PlaneStatus before) =>
        status with { Since = status.Phase == before.Phase && before.Since is { } since ? since : time.GetUtcNow() };

    private ReconcileResult Next(InstallationPlan plan, IReadOnlyList<PlaneStatus> after, WindowHold? hold)
    {
        DateTimeOffset now = time.GetUtcNow();
        IEnumerable<TimeSpan> deadlines = after.Where(p => p is { Attempt: not null, Phase: Phases.Installing or Phases.Upgrading })
            .Select(p => p.Attempt!.Started + plan.Deadline - now + TimeSpan.FromSeconds(1)).Where(d => d > TimeSpan.Zero);

        // A refused chart or missing values may come; what a step itself wrote wakes the next one by its Works, but not where it wrote none.
        bool isStepping = after.Any(p => p.Phase is Phases.Checking or Phases.Uninstalling || p is { Attempt: not null, Phase: Phases.Installing or Phases.Upgrading } || p.Test is { Phase: TestRun.Running });
        PlacementMove move = Api.Kinds.Placement.Of(plan.Installation).Move;
        IEnumerable<TimeSpan> ends = after.Where(p => p.Phase == Phases.Leaving).Select(p => InstallationMove.EndOf(p, move, now) - now + TimeSpan.FromSeconds(1)).Where(d => d > TimeSpan.Zero);
        TimeSpan[] opening = hold?.Opens is { } opens && after.Any(p => p.Reason == WindowHold.Reason) ? [opens - now + TimeSpan.FromSeconds(1)] : [];
        List<TimeSpan> looks = [.. deadlines, .. ends, .. opening, .. isStepping ? [TimeSpan.FromSeconds(2)] : Array.Empty<TimeSpan>(), .. after.Any(p => p.Phase == Phases.Failed) ? [RetryLook] : Array.Empty<TimeSpan>()];
        return looks.Count > 0 ? ReconcileResult.After(looks.Min()) : ReconcileResult.Done;
    }

    private void Tell(KubeObject installation, IReadOnlyDictionary<string, PlaneStatus> before, IReadOnlyList<PlaneStatus> after)
    {
        foreach (PlaneStatus plane in after)
        {
            PlaneStatus? was = before.GetValueOrDefault(plane.Name);
            if (plane.Test is { Phase: TestRun.Succeeded or TestRun.Failed } test && (was?.Test?.Run != test.Run || was.Test.Phase != test.Phase))
            {
                events.Record(installation, test.Phase == TestRun.Failed ? "Warning" : "Normal", "Tests" + test.Phase, $"{plane.Name}: {test.Message}");
            }

            if (was?.Phase == plane.Phase && (was.Reason == plane.Reason || plane.Phase != Phases.Failed))
            {
                continue;
            }

            if (plane.Phase is Phases.Failed or Phases.Degraded)
            {
                events.Warning(installation, plane.Phase == Phases.Failed ? plane.Reason : "Degraded", $"{plane.Name}: {plane.Message}");
            }
            else if (plane.Phase == Phases.Uninstalling && was?.Phase == Phases.Leaving && after.FirstOrDefault(p => p.Phase is not (Phases.Running or Phases.Leaving or Phases.Uninstalling)) is { } late)
            {
                events.Warning(installation, "MoveTimedOut", $"{plane.Name}: it leaves although it does not run on {late.Name} yet: {late.Message}");
            }
            else if (plane.Phase == Phases.Pending && plane.Reason == WindowHold.Reason)
            {
                events.Normal(installation, plane.Reason, $"{plane.Name}: {plane.Message}");
            }
            else if (plane.Phase is Phases.Running or Phases.Installing or Phases.Upgrading or Phases.Leaving or Phases.Uninstalling)
            {
                events.Normal(installation, plane.Phase == Phases.Running && plane.Reason.Length > 0 ? plane.Reason : plane.Phase, $"{plane.Name}: {plane.Message}");
            }
        }

        foreach (string gone in before.Keys.Except(after.Select(p => p.Name), StringComparer.Ordinal))
        {
            events.Normal(installation, "Uninstalled", $"{gone}: nothing of it is left");
        }
    }
}
