using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Machinery.Admission;
using Orrery.Machinery.Schemas;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Upkeep;

/// <summary>
/// Writes into the status of each ValidatingAdmissionPolicy, once a generation, which of its expressions do not fit the kinds that it is about. Upstream:
/// <c>pkg/controller/validatingadmissionpolicystatus</c>. Kinds that are defined only later are not asked again, as upstream.
/// </summary>
internal sealed class PolicyTypeChecking(CacheSet caches, ResourceCatalog resources, Writer writer, TimeProvider time, ILogger<PolicyTypeChecking> log)
    : UpkeepTask(caches, new GroupResource("admissionregistration.k8s.io", "validatingadmissionpolicies"), time, log)
{
    private const string Manager = "validatingadmissionpolicy-status";

    private static readonly ResourceDefinition Policies = BuiltinResources.Instance.Require("admissionregistration.k8s.io", "v1", "validatingadmissionpolicies");

    protected override async ValueTask<bool> LookAsync(string key, CachedObject? item, CancellationToken cancellationToken)
    {
        if (item is null)
        {
            return true;
        }

        JsonObject policy = StoredJson.Parse(item.Json.Span);
        long generation = policy.NumberAt("metadata", "generation") ?? 0;
        if (policy.IsDeleting || generation <= (policy.NumberAt("status", "observedGeneration") ?? 0))
        {
            return true;
        }

        var checking = new JsonObject();
        if (Warnings(item.Cluster, policy.ObjectAt("spec")) is { Count: > 0 } warnings)
        {
            checking["expressionWarnings"] = new JsonArray([.. warnings.Select(w => (JsonNode)new JsonObject { ["fieldRef"] = w.Field, ["warning"] = w.Warning })]);
        }

        await writer.UpdateAsync(Policies, item.Cluster, "", item.Name, "status", Manager, json =>
        {
            JsonObject status = json.ObjectAt("status");
            status["observedGeneration"] = generation;
            status["typeChecking"] = checking.DeepClone();
        }, cancellationToken);
        return true;
    }

    private IReadOnlyList<ExpressionWarning> Warnings(ClusterName cluster, JsonObject spec)
    {
        (GroupVersionKind, Schema)[] kinds =
        [
            .. PolicyTypeCheck.Resources(spec).Select(r => resources.Find(cluster, r)).OfType<ResourceDefinition>().Take(PolicyTypeCheck.MostKinds).Select(d => (d.Kind, d.Schema)),
        ];
        ResourceDefinition? parameters = kinds.Length > 0 && spec["paramKind"] is JsonObject kind
            ? resources.Find(cluster, GroupVersionKind.From(kind.TextAt("apiVersion") ?? "", kind.TextAt("kind") ?? "")) : null;
        return PolicyTypeCheck.Check(spec, kinds, parameters?.Schema);
    }
}
