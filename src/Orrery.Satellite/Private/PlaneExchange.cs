using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Private;

/// <summary>
/// Takes the labels of the vendor's DataPlane over, by which values and placements select, and tells the vendor what the cluster is: versions, nodes,
/// capacity, whether all is well. Nothing of what is in it.
/// </summary>
internal sealed class PlaneExchange(PrivateContext context) : IReconciler<string>
{
    private const string Manager = "orrery-private-labels";

    private static readonly string[] Told = ["satelliteVersion", "kubernetesVersion", "nodes", "capacity", "allocatable"];

    private string? written;

    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        if (context.VendorPlane.Get(ClusterName.Root, "", key) is not { } theirs || context.OwnPlane.Get(ClusterName.Root, "", key) is not { } own)
        {
            return ReconcileResult.Done;
        }

        await TakeOverAsync(theirs, own, cancellationToken).ConfigureAwait(false);
        await TellAsync(theirs, own, cancellationToken).ConfigureAwait(false);
        return ReconcileResult.Done;
    }

    private async Task TakeOverAsync(KubeObject theirs, KubeObject own, CancellationToken cancellationToken)
    {
        var labels = new JsonObject();
        foreach ((string name, string value) in theirs.Labels.OrderBy(l => l.Key, StringComparer.Ordinal))
        {
            labels[name] = value;
        }

        // Which vendor it is, is written once: another making of the DataPlane is another.
        string vendor = own.Annotations.GetValueOrDefault(PrivateContext.VendorAnnotation) ?? theirs.Uid;
        string text = labels.ToJsonString();
        var body = new JsonObject
        {
            ["apiVersion"] = OrreryResources.ApiVersion,
            ["kind"] = "DataPlane",
            ["metadata"] = new JsonObject
            {
                ["name"] = own.Name,
                ["labels"] = labels,
                ["annotations"] = new JsonObject { [PrivateContext.VendorAnnotation] = vendor, [OrreryNames.AppliedAnnotation] = text },
            },
        };
        if (own.Annotations.GetValueOrDefault(OrreryNames.AppliedAnnotation) != text || own.Annotations.GetValueOrDefault(PrivateContext.VendorAnnotation) != vendor
            || !JsonComparison.Holds(body, own.Json))
        {
            context.OwnPlane.Observe(await context.Cluster.ApplyAsync(
                OrreryResources.DataPlanes, "", own.Name, body, Manager, force: true, cancellationToken).ConfigureAwait(false));
        }
    }

    private async Task TellAsync(KubeObject theirs, KubeObject own, CancellationToken cancellationToken)
    {
        var status = new JsonObject();
        foreach (string field in Told)
        {
            if (own.At("status", field) is { } known)
            {
                status[field] = KubeJson.ToNode(known);
            }
        }

        ConditionState? ready = Conditions.Find(own, OrreryNames.ReadyCondition);
        bool isDegraded = ready is not { Status: Conditions.True };
        status["conditions"] = new JsonArray();
        Set(status, theirs, OrreryNames.DegradedCondition, isDegraded ? Conditions.True : Conditions.False, isDegraded ? ready?.Reason ?? "NotLookedAt" : "ClusterAnswers", isDegraded ? ready?.Message ?? "its controllers have not looked at it yet" : "the cluster's API answers");
        ConditionState? restricted = Conditions.Find(own, OrreryNames.RestrictedCondition);
        Set(
            status, theirs, OrreryNames.RestrictedCondition, restricted is { Status: Conditions.True } ? Conditions.True : Conditions.False,
            restricted?.Reason ?? "Unrestricted", restricted?.Message ?? "the cluster's owner holds nothing back");
        if (Conditions.Find(own, OrreryNames.PermittedCondition) is { } permitted)
        {
            Set(status, theirs, permitted.Type, permitted.Status, permitted.Reason, permitted.Message);
        }

        if (theirs.Annotations.GetValueOrDefault(OrreryNames.RestoredAnnotation) is { } taken)
        {
            string[] kept = [.. context.Kept().Select(k => k.ToString()).Order(StringComparer.Ordinal)];
            Set(
                status, theirs, OrreryNames.RestoredCondition, Conditions.True, "NotConfirmed",
                $"the control plane was restored from a backup of {taken}; what it does not know of is kept until 'orrery data-plane confirm {theirs.Name}': "
                + (kept.Length == 0 ? "nothing" : string.Join(", ", kept)));
        }

        var body = new JsonObject
        {
            ["apiVersion"] = OrreryResources.ApiVersion,
            ["kind"] = "DataPlane",
            ["metadata"] = new JsonObject { ["name"] = theirs.Name },
            ["status"] = status,
        };
        string text = theirs.Uid + status.ToJsonString();
        if (text == written)
        {
            return;
        }

        // Until it is answered nobody knows what stands there.
        written = null;
        await context.Vendor.ApplyAsync(
            OrreryResources.DataPlanes, "", theirs.Name, body, OrreryNames.SatelliteManager, force: true, cancellationToken, "status").ConfigureAwait(false);
        written = text;
    }

    private void Set(JsonObject status, KubeObject present, string type, string state, string reason, string message)
    {
        if (Conditions.Find(present, type) is { LastTransitionTime: { } since } known)
        {
            Conditions.Set(status, type, known.Status, known.Reason, known.Message, since);
        }

        Conditions.Set(status, type, state, reason, message, context.Time.GetUtcNow());
    }
}
