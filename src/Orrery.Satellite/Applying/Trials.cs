using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Policy;
using Orrery.Satellite.Tenancies;

namespace Orrery.Satellite.Applying;

/// <summary>Has the cluster check what a Work is to hold next (<c>spec.trial</c>), without changing anything but that its namespace is there.</summary>
internal sealed class Trials(SatelliteContext context, NamespaceKeeper namespaces)
{
    /// <summary>Kinds whose objects are replaced where they cannot be changed in place.</summary>
    private static readonly string[] MadeAnew = ["Job", "Pod"];

    public static bool IsMadeAnew(Manifest manifest) => MadeAnew.Contains(manifest.Kind.Kind);

    /// <summary>Whether there is no trial, or the one there is was accepted: nothing need be asked.</summary>
    public static bool IsAccepted(KubeObject work) =>
        work.At("spec", "trial") is null
            ? Conditions.Find(work, OrreryNames.AcceptedCondition) is null
            : Conditions.Find(work, OrreryNames.AcceptedCondition) is { Status: Conditions.True } accepted && accepted.ObservedGeneration == work.Generation;

    /// <summary>The resource of a manifest, or why it may not be applied: tenants' Works are of namespaced kinds, and of what else the tenant's class lets its installations have, and none stands in for what holds their tenant apart.</summary>
    /// <param name="tenancy">Null for what is the vendor's, and for a tenant that nothing is said of.</param>
    public async Task<(ApiResource? Resource, ApplyOutcome? Refusal)> FindAsync(Manifest manifest, MappedNamespace owner, Tenancy? tenancy, CancellationToken cancellationToken)
    {
        if (!owner.IsVendors && TenantGuards.IsReserved(manifest.Kind.Kind, manifest.Name))
        {
            return (null, ApplyOutcome.Refused("ReservedName", $"the name {TenantGuards.Name} is kept for the {manifest.Kind.Kind} that holds tenant {owner.Tenant} apart"));
        }

        ApiResource? served = await context.Resources.FindAsync(manifest.Kind.ApiVersion, manifest.Kind.Kind, cancellationToken).ConfigureAwait(false);
        string kind = $"{manifest.Kind.Kind} of {manifest.Kind.ApiVersion}";
        return served switch
        {
            null => (null, ApplyOutcome.Refused("UnknownKind", $"the cluster serves no kind {kind}")),
            { IsNamespaced: false } when !owner.IsVendors && !MayHave(tenancy, manifest.Kind, owner) =>
                (null, ApplyOutcome.Refused("KindNotAllowed", $"{kind} is in no namespace: of such kinds a tenant has what its installations bring, where its class lists {NameOf(manifest.Kind)} (clusterKinds)")),
            _ => (served, null),
        };
    }

    /// <summary>A namespace is what holds a tenant apart, whatever its class says.</summary>
    private static bool MayHave(Tenancy? tenancy, GroupVersionKind kind, MappedNamespace owner) =>
        owner.Installation is not null && tenancy is not null && kind is not { Group: "", Kind: "Namespace" } && tenancy.ClusterKinds.Contains(NameOf(kind), StringComparer.Ordinal);

    /// <summary>As a class lists it.</summary>
    private static string NameOf(GroupVersionKind kind) => kind.Group.Length > 0 ? $"{kind.Kind}.{kind.Group}" : kind.Kind;

    /// <returns>Null when there is nothing to try.</returns>
    public async Task<ApplyOutcome?> TryAsync(KubeObject work, CancellationToken cancellationToken)
    {
        if (work.At("spec", "trial") is null)
        {
            return null;
        }

        Manifest manifest;
        try
        {
            manifest = Manifest.OfTrial(work, context.Served);
        }
        catch (TerminalException e)
        {
            return ApplyOutcome.Refused("InvalidManifest", e.Message);
        }

        if (MappedNamespace.OfWork(work) is not { } owner)
        {
            return ApplyOutcome.Refused("InvalidSource", "the Work does not say whose it is");
        }

        Tenancy? tenancy = owner.IsVendors ? null : context.Tenancies.Of(owner.Tenant);
        (ApiResource? served, ApplyOutcome? refusal) = await FindAsync(manifest, owner, tenancy, cancellationToken).ConfigureAwait(false);
        if (served is null || (served.IsNamespaced && (refusal = await namespaces.EnsureAsync(manifest.Namespace, owner, cancellationToken).ConfigureAwait(false)) is not null))
        {
            return refusal;
        }

        manifest = manifest.For(served);

        // Somebody else's object of that name would refuse the real thing, so it refuses this.
        KubeObject? live = await context.Cluster.FindAsync(served.Resource, manifest.Namespace, manifest.Name, cancellationToken).ConfigureAwait(false);
        if (live is not null && Ownership.AnothersRefusal(live, manifest, context.Served) is { } anothers)
        {
            return anothers;
        }

        bool isFormerRun = live is not null && IsFormerRun(work, live);
        var asked = WorkHandling.Asked(new KubeObject(work.At("spec", "trial", "manifest")!.Value));
        if (live is not null && !isFormerRun && !manifest.Marks(live) && !owner.IsNamespaceOf(live) && !Ownership.MayAdopt(asked, live, owner, manifest.Kind) && !Ownership.IsAppliedByUs(live, w => context.Work(w) is not null))
        {
            return ApplyOutcome.Refused("NotOurs", $"{manifest.Kind.Kind} {manifest.Namespace}/{manifest.Name} exists and was not made by this");
        }

        if (context.Actions.Denies(served.Resource, manifest.Json) is { } denial)
        {
            return ApplyOutcome.Refused(ClusterActions.Denied, ClusterActions.Explain(denial));
        }

        if (tenancy is not null)
        {
            WorkShape.Apply(manifest.Json, tenancy, live);
        }

        return isFormerRun
            ? await TryAnewAsync(manifest, served.Resource, cancellationToken).ConfigureAwait(false)
            : await TryAsync(manifest, served.Resource, isThere: live is not null, asked.Recreates || IsMadeAnew(manifest), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Whether a hook meets what a hook of the same installation made before it: that goes before this one may run.</summary>
    private bool IsFormerRun(KubeObject work, KubeObject live) =>
        work.Labels.ContainsKey(OrreryNames.HookLabel) && AppliedObjects.MarkOf(live) is { Length: > 0 } mark && mark != work.Name
        && context.Work(mark) is { } former && former.Labels.ContainsKey(OrreryNames.HookLabel)
        && former.TextAt("spec", "source", "uid") is { } installation && installation == work.TextAt("spec", "source", "uid");

    private async Task<ApplyOutcome> TryAsync(Manifest manifest, GroupVersionResource resource, bool isThere, bool mayBeMadeAnew, CancellationToken cancellationToken)
    {
        try
        {
            await ApplyAsync(manifest.Json, resource, manifest.Namespace, manifest.Name, isThere, cancellationToken).ConfigureAwait(false);
            return ApplyOutcome.Acceptable;
        }
        catch (StatusException e) when (e.Reason == StatusReason.Invalid && isThere && mayBeMadeAnew)
        {
            return await TryAnewAsync(manifest, resource, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (ApplyConflicts.IsVerdict(e))
        {
            return Refused(manifest, e);
        }
    }

    /// <summary>What will be deleted and made anew is tried beside the one that is there.</summary>
    public async Task<ApplyOutcome> TryAnewAsync(Manifest manifest, GroupVersionResource resource, CancellationToken cancellationToken)
    {
        var beside = (JsonObject)manifest.Json.DeepClone();
        string name = manifest.Name.Length > 56 ? manifest.Name[..56] : manifest.Name;
        beside.Metadata["name"] = name.TrimEnd('-', '.') + "-trial";
        LeaveWhatIsTaken(beside);
        try
        {
            await ApplyAsync(beside, resource, manifest.Namespace, beside.Name, isThere: false, cancellationToken).ConfigureAwait(false);
            return ApplyOutcome.Acceptable;
        }
        catch (StatusException e) when (ApplyConflicts.IsVerdict(e))
        {
            return TellsNothing(e) ? ApplyOutcome.Acceptable : Refused(manifest, e);
        }
    }

    /// <summary>Whether applying would leave what is there as it is, though not every field reads as applied: values may be written another way, or changed by the cluster's own webhooks.</summary>
    public async Task<bool> IsAsApplyingLeavesItAsync(Manifest manifest, GroupVersionResource resource, KubeObject live, CancellationToken cancellationToken)
    {
        try
        {
            KubeObject would = await context.Cluster.ApplyAsync(resource, manifest.Namespace, manifest.Name, manifest.Json, OrreryNames.Manager, force: true, cancellationToken, dryRun: true).ConfigureAwait(false);
            return Drift.Fingerprint(manifest.Json, would.Json) == Drift.Fingerprint(manifest.Json, live.Json);
        }
        catch (StatusException e) when (ApplyConflicts.IsVerdict(e))
        {
            // It would not even be taken, which whoever applies it learns.
            return false;
        }
    }

    /// <summary>Addresses and ports that a Service names are held by the one that is there.</summary>
    private static void LeaveWhatIsTaken(JsonObject beside)
    {
        if (beside.Kind == "Service" && beside["spec"] is JsonObject spec)
        {
            foreach (string held in (ReadOnlySpan<string>)["clusterIP", "clusterIPs", "healthCheckNodePort"])
            {
                spec.Remove(held);
            }

            foreach (JsonObject port in (spec["ports"] as JsonArray ?? []).OfType<JsonObject>())
            {
                port.Remove("nodePort");
            }
        }
    }

    /// <summary>Refusals that would not meet the real thing: the one that is there makes room in the quota, and a webhook with effects of its own (apiserver: BadRequest) is not asked by a trial.</summary>
    private static bool TellsNothing(StatusException e) =>
        (e.Code == 403 && e.Message.Contains("exceeded quota", StringComparison.Ordinal)) || (e.Code == 400 && e.Message.Contains("does not support dry run", StringComparison.Ordinal));

    private Task ApplyAsync(JsonObject json, GroupVersionResource resource, string ns, string name, bool isThere, CancellationToken cancellationToken) =>
        context.Cluster.ApplyAsync(resource, ns, name, json, OrreryNames.Manager, force: isThere, cancellationToken, dryRun: true);

    private static ApplyOutcome Refused(Manifest manifest, StatusException e) =>
        ApplyOutcome.RefusedThere(e.Reason, e.Message.Contains(manifest.Name, StringComparison.Ordinal) ? e.Message : $"{manifest.Kind.Kind} {manifest.Name}: {e.Message}");
}
