using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Bundles;

namespace Orrery.Controllers.Installations;

/// <summary>
/// An installation in a data plane whose tenant runs its own controllers: nothing is rendered here. The objects are laid out as Works, which those
/// controllers fetch, and what they report is what is known.
/// </summary>
internal sealed class PrivatePlaneReconciler(WorkWriter writer, Informer tenants, Informer classes)
{
    /// <returns>What is to stand in the status from now on.</returns>
    public async Task<PlaneStatus> AdvanceAsync(PlaneLook look, CancellationToken cancellationToken)
    {
        PlaneStatus status = look.Before with { Wanted = look.Plan.WantedRelease, Namespace = look.Plan.TargetNamespace };

        // 1. Reasons to leave everything as it is.
        if (look.DataPlane.Paused)
        {
            return status.In(Phases.Paused, "DataPlanePaused", "what runs is left as it is");
        }

        PlanRefusal? refusal = look.Plan.Refusal is { IsOfReferencedValues: false } known ? known : PrivateBundle.Problem(look.Plan.Release!) is { } problem ? new PlanRefusal("NotPortable", problem) : null;
        if (refusal is not null)
        {
            return status.In(status.InForce is null ? Phases.Pending : Phases.Failed, refusal.Reason, refusal.Message);
        }

        // 2. What is laid out.
        KubeObject? tenant = tenants.Get(ClusterName.Root, "", look.Plan.Tenant);
        KubeObject? size = look.Plan.TenantClass is { Length: > 0 } name ? classes.Get(ClusterName.Root, "", name) : null;
        WorkNames names = writer.Names(look.Installation, look.DataPlane.Namespace);
        var wanted = PrivateBundle.Of(look.Plan, look.DataPlane, tenant, size, look.Told).ToDictionary(o => names.Of(o), StringComparer.Ordinal);
        Dictionary<string, KubeObject> present = look.Works.ToDictionary(w => w.Name, StringComparer.Ordinal);
        bool isNews = false;
        await WorkWriter.EachAsync(
            wanted,
            async (w, token) =>
            {
                if (!present.TryGetValue(w.Key, out KubeObject? work))
                {
                    isNews = true;
                    await writer.CreateAsync(look.DataPlane.Namespace, InstallationWorks.InForce(look.Installation, w.Key, look.DataPlane.Namespace, w.Value), token).ConfigureAwait(false);
                }
                else if (work.At("spec", "manifest") is not { } laidOut || CanonicalJson.Digest(laidOut) != CanonicalJson.Digest(w.Value))
                {
                    isNews = true;
                    await writer.PatchAsync(work, PatchKind.Json, InstallationWorks.Replace(work, w.Value), token).ConfigureAwait(false);
                }
            },
            cancellationToken).ConfigureAwait(false);

        // 3. What has become of it.
        status = isNews || !look.DataPlane.IsReporting
            ? look.DataPlane.IsReporting ? Fetching(status) : status.In(Phases.Unknown, "DataPlaneSilent", look.DataPlane.ReadyMessage)
            : Reported(status, [.. wanted.Keys.Select(k => present[k])]);

        // 4. What was of another release is needed until the new one is in force.
        if (status.InForce == status.Wanted)
        {
            await WorkWriter.EachAsync(look.Works.Where(w => !w.IsDeleting && !wanted.ContainsKey(w.Name)), writer.DeleteAsync, cancellationToken).ConfigureAwait(false);
        }

        return status;
    }

    private static PlaneStatus Reported(PlaneStatus status, IReadOnlyList<KubeObject> works)
    {
        foreach (KubeObject work in works)
        {
            if (Conditions.Find(work, OrreryNames.AppliedCondition) is { Status: Conditions.False } refused && refused.ObservedGeneration == work.Generation)
            {
                return status.In(Phases.Failed, refused.Reason, $"{InstallationWorks.ManifestOf(work).Kind} {InstallationWorks.ManifestOf(work).Name}: {refused.Message}");
            }
        }

        KubeObject own = works.Single(w => InstallationWorks.ManifestOf(w).Kind == "Installation");
        if (works.Any(w => w.NumberAt("status", "observedGeneration") != w.Generation)
            || own.At("status", "feedback") is not { ValueKind: JsonValueKind.Object } feedback
            || own.TextAt("status", "feedback", "wantedRelease") != status.Wanted
            || Conditions.Find(own, OrreryNames.AvailableCondition) is not { Reason: not "NotObserved" } ready)
        {
            return Fetching(status);
        }

        var local = new KubeObject(feedback);
        List<KubeObject> planes = local.At("dataPlanes") is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray().Select(p => new KubeObject(p))] : [];
        string phase = local.TextAt("phase") ?? Phases.Pending;
        return (status with
        {
            InForce = local.TextAt("releaseInForce") is { Length: > 0 } inForce ? inForce : null,
            Revision = (int)planes.Select(p => p.NumberAt("revision") ?? 0).DefaultIfEmpty().Max(),
            Objects = (int)planes.Sum(p => p.NumberAt("objects") ?? 0),
            Ready = (int)planes.Sum(p => p.NumberAt("ready") ?? 0),
        }).In(Phases.Gravest.Contains(phase) ? phase : Phases.Unknown, ready.Reason, ready.Message);
    }

    private static PlaneStatus Fetching(PlaneStatus status) => status.In(
        status.InForce is null ? Phases.Installing : Phases.Upgrading, "Fetching", "the tenant's own controllers have not reported on it yet");
}
