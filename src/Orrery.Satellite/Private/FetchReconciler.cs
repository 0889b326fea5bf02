using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Applying;

namespace Orrery.Satellite.Private;

/// <summary>
/// Brings one object of the tenant's to what the vendor's Works say of it, and reports what became of it. Fields that the vendor does not say are left to
/// the cluster's owner.
/// </summary>
internal sealed class FetchReconciler(PrivateContext context, ILogger logger) : IReconciler<FetchedObject>
{
    private const string Manager = "orrery-private";

    private static readonly GroupVersionResource Namespaces = ClusterResources.Namespaces;

    public async Task<ReconcileResult> ReconcileAsync(FetchedObject key, CancellationToken cancellationToken)
    {
        IReadOnlyList<KubeObject> works = context.WorksOf(key);
        if (works.Count == 0)
        {
            return await RemoveAsync(key, cancellationToken).ConfigureAwait(false);
        }

        ApplyOutcome outcome;
        try
        {
            outcome = Refusal(key) is { } why ? ApplyOutcome.Refused("NotTaken", why) : await BringAboutAsync(key, works[0], cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.Code is 400 or 403 or 422)
        {
            outcome = ApplyOutcome.Refused(e.Reason, e.Message, context.Find(key));
        }

        foreach (KubeObject work in works)
        {
            await ReportAsync(work, outcome, cancellationToken).ConfigureAwait(false);
        }

        return outcome.IsApplied ? ReconcileResult.Done : ReconcileResult.After(PrivateContext.RefusedLook);
    }

    /// <summary>What may not be fetched, whoever asks for it.</summary>
    private string? Refusal(FetchedObject key) =>
        !FetchedObject.Kinds.ContainsKey(key.Kind) ? $"{key.Kind} is not fetched here; {string.Join(", ", FetchedObject.Kinds.Keys)} are"
        : key.Kind == "Tenant" && key.Name != context.Tenant ? $"only what is tenant {context.Tenant}'s is fetched here"
        : null;

    private async Task<ApplyOutcome> BringAboutAsync(FetchedObject key, KubeObject work, CancellationToken cancellationToken)
    {
        GroupVersionResource resource = FetchedObject.Kinds[key.Kind];
        JsonObject wanted = Wanted(new KubeObject(work.At("spec", "manifest")!.Value));
        KubeObject? live = context.Find(key) ?? await context.Cluster.FindAsync(resource, key.Namespace, key.Name, cancellationToken).ConfigureAwait(false);

        // 1. An installation is the tenant's, and no more than that.
        if (key.Kind == "Installation")
        {
            if (wanted.TextAt("spec", "scope") is "DataPlane")
            {
                return ApplyOutcome.Refused("NotTaken", "an installation of scope DataPlane is the cluster's owner's business");
            }

            if (!await HasNamespaceAsync(key.Namespace, cancellationToken).ConfigureAwait(false))
            {
                return ApplyOutcome.Refused("NamespaceTaken", $"namespace {key.Namespace} is there and not tenant {context.Tenant}'s");
            }
        }

        if (key.Kind == "Release" && FetchedRelease.Problem(wanted, await CredentialsAsync(wanted, cancellationToken).ConfigureAwait(false)) is { } problem)
        {
            return ApplyOutcome.Refused("NotTaken", problem);
        }

        // 2. What the owner made itself is not taken over; a tenant that is there is the one that is meant.
        if (live is not null && key.Kind != "Tenant" && live.Labels.GetValueOrDefault(FetchedObject.Label) != context.DataPlane)
        {
            return ApplyOutcome.Refused("Exists", $"{key} is there and was not fetched; it is left alone");
        }

        // 3. A release never changes: one of the same name with other content is another one.
        if (live is { Kind: "Release", IsDeleting: false } && live.Annotations.GetValueOrDefault(OrreryNames.AppliedAnnotation) != wanted.Metadata["annotations"]!.AsObject().TextAt(OrreryNames.AppliedAnnotation))
        {
            await context.Cluster.DeleteAsync(resource, "", key.Name, new DeleteQuery { Uid = live.Uid }, cancellationToken).ConfigureAwait(false);
            live = null;
        }

        if (live is not null && JsonComparison.Holds(wanted, live.Json))
        {
            return ApplyOutcome.InForce(live);
        }

        // 4. Where it runs is said once, when it comes, and is the owner's to change from then on.
        if (live is null && key.Kind == "Installation")
        {
            var first = (JsonObject)wanted.DeepClone();
            first.ObjectAt("spec")["placement"] = new JsonObject { ["dataPlanes"] = new JsonArray(context.DataPlane) };
            await context.Cluster.CreateAsync(resource, key.Namespace, first, cancellationToken).ConfigureAwait(false);
        }

        KubeObject written = await context.Cluster.ApplyAsync(resource, key.Namespace, key.Name, wanted, Manager, force: true, cancellationToken).ConfigureAwait(false);
        context.Observe(key, written);
        Log.Fetched(logger, key.ToString());
        return ApplyOutcome.InForce(written);
    }

    private async Task<KubeObject?> CredentialsAsync(JsonObject release, CancellationToken cancellationToken) => FetchedRelease.CredentialsOf(release) is { } named
        ? await context.Cluster.FindAsync(ClusterResources.Secrets, named.Namespace, named.Name, cancellationToken).ConfigureAwait(false)
        : null;

    /// <summary>With the mark by which it is known again, and the digest by which a field that the vendor no longer says is noticed.</summary>
    private JsonObject Wanted(KubeObject manifest)
    {
        JsonObject json = manifest.ToJsonObject();
        byte[] digest = SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(json.ToJsonString()));
        json.Metadata.ObjectAt("labels")[FetchedObject.Label] = context.DataPlane;
        json.Metadata.ObjectAt("annotations")[OrreryNames.AppliedAnnotation] = "sha256:" + Convert.ToHexStringLower(digest);
        return json;
    }

    /// <summary>The namespace of the tenant's name is its controllers' business; others of it are made here.</summary>
    private async Task<bool> HasNamespaceAsync(string ns, CancellationToken cancellationToken)
    {
        KubeObject? found = await context.Cluster.FindAsync(Namespaces, "", ns, cancellationToken).ConfigureAwait(false);
        if (found is null)
        {
            found = await context.Cluster.CreateAsync(
                Namespaces,
                "",
                new JsonObject
                {
                    ["apiVersion"] = "v1",
                    ["kind"] = "Namespace",
                    ["metadata"] = new JsonObject { ["name"] = ns, ["labels"] = new JsonObject { [OrreryNames.TenantLabel] = context.Tenant } },
                },
                cancellationToken).ConfigureAwait(false);
        }

        return !NamespaceMarks.IsMapped(found) && found.Labels.GetValueOrDefault(OrreryNames.TenantLabel) == context.Tenant;
    }

    /// <summary>The vendor does not want it any more, and is the same vendor as ever.</summary>
    private async Task<ReconcileResult> RemoveAsync(FetchedObject key, CancellationToken cancellationToken)
    {
        if (!key.GoesAgain || context.Find(key) is not { IsDeleting: false } left || !context.IsSameVendor)
        {
            return ReconcileResult.Done;
        }

        if (await context.Restoration.HoldsAsync(cancellationToken).ConfigureAwait(false))
        {
            return ReconcileResult.After(PrivateContext.RefusedLook);
        }

        try
        {
            await context.Cluster.DeleteAsync(FetchedObject.Kinds[key.Kind], key.Namespace, key.Name, new DeleteQuery { Uid = left.Uid }, cancellationToken).ConfigureAwait(false);
            Log.FetchedRemoved(logger, key.ToString());
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // Gone already: what was wanted.
        }

        return ReconcileResult.Done;
    }

    private async Task ReportAsync(KubeObject work, ApplyOutcome outcome, CancellationToken cancellationToken)
    {
        JsonObject status = WorkStatus.Build(work, outcome, null, context.Time.GetUtcNow());
        ToldStatus.Confine(status, work);
        if (JsonComparison.IsSame(work.At("status"), status))
        {
            return;
        }

        var patch = new JsonArray(
            new JsonObject { ["op"] = "test", ["path"] = "/metadata/uid", ["value"] = work.Uid },
            new JsonObject { ["op"] = "add", ["path"] = "/status", ["value"] = status });
        try
        {
            context.Works.Observe(await context.Vendor.PatchAsync(
                OrreryResources.Works, context.VendorNamespace, work.Name, PatchKind.Json, patch, cancellationToken, "status").ConfigureAwait(false));
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // Deleted meanwhile: its deletion brings the key back.
        }
    }
}
