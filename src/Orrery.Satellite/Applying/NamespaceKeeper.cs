using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Tenancies;

namespace Orrery.Satellite.Applying;

/// <summary>Makes the namespaces that Works go into, and refuses those that are somebody else's.</summary>
internal sealed class NamespaceKeeper(SatelliteContext context, AppliedObjects applied, WorksByNamespace works, NamespaceGuards guards, ILogger logger)
{
    /// <returns>Null when the namespace is there and the owner's; otherwise why nothing may be applied in it.</returns>
    public async Task<ApplyOutcome?> EnsureAsync(string name, MappedNamespace owner, CancellationToken cancellationToken)
    {
        owner = owner with { ControlPlane = context.Served.Marks.Id };
        if (context.NamespacesUnknown is { } unknown)
        {
            return ApplyOutcome.Refused(StatusReason.Forbidden, unknown);
        }

        KubeObject? ns = context.Namespaces.Get(ClusterName.Root, "", name)
            ?? await context.Cluster.FindAsync(ClusterResources.Namespaces, "", name, cancellationToken).ConfigureAwait(false);
        if (ns is null)
        {
            if (context.Actions.Denies(ClusterResources.Namespaces, "Namespace", "", name) is { } denial)
            {
                context.Actions.HeldBack("create", ClusterResources.Namespaces, "Namespace", "", name, owner.ToString(), denial);
                return ApplyOutcome.Denied(denial);
            }

            ns = await CreateAsync(name, owner, cancellationToken).ConfigureAwait(false);
            context.Namespaces.Observe(ns);
        }

        if (context.Served.AnotherOf(ns) is { } another && MappedNamespace.IsMarked(ns) && MappedNamespace.Of(ns) is var theirs && !(owner.IsVendors && theirs is { IsVendors: true }))
        {
            return ApplyOutcome.Refused("NotOurs", $"namespace {name} belongs to {(theirs is null ? "" : $"{theirs} of ")}{ServedControlPlane.Describe(another)}; it is left as it is");
        }

        if (owner.IsVendors)
        {
            return VendorRefusal(ns);
        }

        (string mark, string value) = owner.Annotations().Select(a => (a.Key, (string)a.Value!)).First();
        if (MappedNamespace.Of(ns) is null && ns.Annotations.GetValueOrDefault(mark) == value)
        {
            // Ours, with its labels removed by hand: without them it would not be seen again.
            var labels = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = owner.Labels() } };
            ns = await context.Actions.PatchAsync(ClusterResources.Namespaces, "Namespace", name, labels, owner.ToString(), cancellationToken).ConfigureAwait(false);
            context.Namespaces.Observe(ns);
        }

        if (MappedNamespace.Of(ns) is not { } holder)
        {
            return ApplyOutcome.Refused("NotOurs", $"namespace {name} exists and is not managed by Orrery");
        }

        if (!holder.IsSameOwner(owner))
        {
            return ApplyOutcome.Refused("NotOurs", $"namespace {name} belongs to {holder}");
        }

        if (ns.IsDeleting)
        {
            return ApplyOutcome.Refused("NamespaceTerminating", $"namespace {name} is being deleted{Waiting(ns)}");
        }

        ApplyOutcome? former = owner.Incarnation is { } wanted && holder.Incarnation != wanted && Planted.Fault != PlantedFault.EntersFormerNamespaces
            ? await SucceedAsync(ns, holder, owner, cancellationToken).ConfigureAwait(false)
            : null;
        if (former is null && context.Tenancies.Of(owner.Tenant) is { } tenancy && guards.IsLacking(ns, tenancy) && !applied.AnyIn(name))
        {
            // Held apart before anything is in it, also where that was refused the first time.
            return await HoldApartAsync(ns, tenancy, cancellationToken).ConfigureAwait(false);
        }

        return former;
    }

    private async Task<ApplyOutcome?> HoldApartAsync(KubeObject ns, Tenancy tenancy, CancellationToken cancellationToken)
    {
        try
        {
            await guards.EnsureAsync(ns, tenancy, cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (StatusException e) when (e.Code is 400 or 403 or 422)
        {
            return ApplyOutcome.RefusedThere(e.Reason, $"namespace {ns.Name} cannot be held apart from other tenants': {e.Message}");
        }
    }

    /// <summary>What keeps a namespace from going, as its cluster says.</summary>
    private static string Waiting(KubeObject ns) =>
        Conditions.Find(ns, "NamespaceFinalizersRemaining") is { Status: Conditions.True } finalizers ? $": {finalizers.Message}"
        : Conditions.Find(ns, "NamespaceContentRemaining") is { Status: Conditions.True } content ? $": {content.Message}"
        : "";

    /// <summary>What is for the data plane as a whole may go anywhere but into what is a tenant's.</summary>
    private static ApplyOutcome? VendorRefusal(KubeObject ns) =>
        MappedNamespace.Of(ns) is { Tenant.Length: > 0 } holder ? ApplyOutcome.Refused("NotOurs", $"namespace {ns.Name} belongs to {holder}")
        : ns.IsDeleting ? ApplyOutcome.Refused("NamespaceTerminating", $"namespace {ns.Name} is being deleted{Waiting(ns)}")
        : null;

    /// <summary>
    /// The namespace was made for a virtual cluster, or a namespace in one, that has since been deleted and made again under the same name.
    /// Nothing of the former may be met by the latter, its claims least of all, so it goes first.
    /// </summary>
    private async Task<ApplyOutcome?> SucceedAsync(KubeObject ns, MappedNamespace holder, MappedNamespace owner, CancellationToken cancellationToken)
    {
        if (holder.Incarnation is not { } former)
        {
            var marks = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = ns.Uid, ["annotations"] = owner.Annotations() } };
            context.Namespaces.Observe(await context.Actions.PatchAsync(ClusterResources.Namespaces, "Namespace", ns.Name, marks, owner.ToString(), cancellationToken).ConfigureAwait(false));
            return null;
        }

        if (ns.Annotations.ContainsKey(OrreryNames.KeptAnnotation))
        {
            return ApplyOutcome.Refused("NamespaceKept", $"namespace {ns.Name} keeps what an earlier {holder} left: "
                + $"take the annotation {OrreryNames.IncarnationAnnotation} from it to go on with that, or {OrreryNames.KeptAnnotation} to let all of it go");
        }

        if (!works.Any(ns.Name, former))
        {
            if (await NamespaceDeletion.DeleteAsync(context, ns, holder.ToString(), cancellationToken).ConfigureAwait(false))
            {
                Log.NamespacePurged(logger, ns.Name, holder.ToString());
            }
        }

        return ApplyOutcome.Refused("NamespaceTerminating", $"namespace {ns.Name} is of an earlier {holder}, and goes first");
    }

    /// <summary>Makes it, or finds the one that another Work's worker, or somebody else, made a moment ago.</summary>
    private async Task<KubeObject> CreateAsync(string name, MappedNamespace owner, CancellationToken cancellationToken)
    {
        try
        {
            return await context.Actions.CreateNamespaceAsync(owner.ToJson(name), owner.ToString(), cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsAlreadyExists)
        {
            return await context.Cluster.GetAsync(ClusterResources.Namespaces, "", name, cancellationToken).ConfigureAwait(false);
        }
    }
}
