using System.Collections.Concurrent;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Applying;

/// <summary>
/// What was applied last for each Work, and how it read right after: by it the regular look at thousands of Works costs next to nothing. Lost on a restart, which costs one
/// apply without effect a Work.
/// </summary>
internal sealed class AppliedMemory(SatelliteContext context)
{
    private readonly ConcurrentDictionary<string, Memory> memory = new(StringComparer.Ordinal);

    /// <summary>By Work, uid of the source whose pod a controller of the cluster has.</summary>
    private readonly ConcurrentDictionary<string, string> taken = new(StringComparer.Ordinal);

    /// <returns>Whether there was anything to forget.</returns>
    public bool Forget(string work)
    {
        taken.TryRemove(work, out _);
        return memory.TryRemove(work, out _);
    }

    /// <summary>Notes whether a controller of the cluster has a pod of the Work: one that is made and deleted in a moment has gone before it could be reported.</summary>
    /// <param name="live">As it is, or was when it went.</param>
    public void See(KubeObject work, KubeObject live)
    {
        if (TakenPod.IsControlled(live))
        {
            taken[work.Name] = TakenPod.SourceOf(work);
        }
        else
        {
            taken.TryRemove(work.Name, out _);
        }
    }

    /// <summary>Whether a controller of the cluster took the pod of the Work's very source.</summary>
    public bool IsTaken(KubeObject work) => TakenPod.IsTaken(work) || (taken.TryGetValue(work.Name, out string? uid) && uid == TakenPod.SourceOf(work));

    /// <param name="digest">Of what was asked for.</param>
    /// <param name="fingerprint">Of how it read right after; empty for one that is not as asked for.</param>
    public void Keep(string work, string digest, string fingerprint, string uid, Informer informer) => memory[work] = new Memory(digest, fingerprint, uid, informer);

    /// <summary>Of what was asked for last; empty where that is not known.</summary>
    public string DigestOf(string work) => memory.TryGetValue(work, out Memory? last) ? last.Digest : "";

    /// <summary>Whether it is the very object that was applied, whatever somebody did to its marks since.</summary>
    public bool IsMade(Manifest manifest, KubeObject live) =>
        memory.TryGetValue(manifest.WorkName, out Memory? last) && last.Uid == live.Uid && AppliedObjects.MarkOf(live).Length == 0;

    /// <summary>Same as asked for before, and still so: either every field reads as applied, or as it did right after.</summary>
    public bool IsInForce(Manifest manifest, string digest, KubeObject live) =>
        !live.IsDeleting
        && memory.TryGetValue(manifest.WorkName, out Memory? last)
        && last.Digest == digest
        && (Planted.Fault == PlantedFault.IgnoresDrift || Drift.Holds(manifest.Json, live.Json) || Drift.Fingerprint(manifest.Json, live.Json) == last.Fingerprint);

    /// <summary>Neither side changed since they were last seen to agree.</summary>
    public bool IsSettled(KubeObject work) =>
        memory.TryGetValue(work.Name, out Memory? last)
        && last.Settled is { } settled
        && (settled.WorkVersion == work.ResourceVersion || Planted.Fault == PlantedFault.SettlesForGood)
        && settled.Tenancy == TenancyOf(work)
        && settled.For == context.Served.Marks
        && last.Informer.Get(settled.Live)?.ResourceVersion == settled.LiveVersion;

    /// <param name="reported">The Work as it is after the report.</param>
    public void Settle(KubeObject work, KubeObject reported, ApplyOutcome outcome)
    {
        if (memory.TryGetValue(work.Name, out Memory? last))
        {
            // A Work whose spec changed while this was going on is not what was applied.
            bool agrees = outcome.IsApplied && reported.Generation == work.Generation;
            memory[work.Name] = last with
            {
                Settled = agrees ? new Settled(reported.ResourceVersion, ObjectKey.Of(outcome.Live!), outcome.Live!.ResourceVersion, TenancyOf(work), context.Served.Marks) : null,
            };
        }
    }

    private string TenancyOf(KubeObject work) => context.Tenancies.VersionOf(work.Labels.GetValueOrDefault(OrreryNames.TenantLabel) ?? "");

    private sealed record Memory(string Digest, string Fingerprint, string Uid, Informer Informer)
    {
        public Settled? Settled { get; init; }
    }

    private sealed record Settled(string WorkVersion, ObjectKey Live, string LiveVersion, string Tenancy, ControlPlaneMarks For);
}
