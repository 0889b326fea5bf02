using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.Installations;

/// <summary>
/// What a tenant's own controllers need for one installation: the tenant and its size, application, release, and the installation itself, each without what
/// is not this tenant's business. Pure.
/// </summary>
internal static class PrivateBundle
{
    /// <param name="tenant">The Tenant; null when there is only a label that names it.</param>
    /// <param name="size">Its TenantClass; null when it names none, or none that exists.</param>
    /// <param name="share">Of the replicas; null gives it what objects say.</param>
    public static IEnumerable<JsonObject> Of(InstallationPlan plan, DataPlane dataPlane, KubeObject? tenant, KubeObject? size, ToldShare? share)
    {
        if (tenant is not null)
        {
            yield return Copy(tenant, spec =>
            {
                spec.Remove("members");
                spec.Remove(MaintenanceWindows.Field);
            });
        }

        if (size is not null)
        {
            yield return Copy(size, spec => spec.Remove(MaintenanceWindows.Field));
        }

        yield return Copy(plan.Application!, spec =>
        {
            // Values for others' classes and data planes tell of other customers.
            spec.Remove("channels");

            // Said on the installation: whatever holds it, it is held by what stands there.
            spec.Remove("suspended");
            spec.Remove(MaintenanceWindows.Field);
            Keep(spec, "values", layer => InstallationPlanner.IsFor(layer, dataPlane) && InstallationPlanner.IsForClass(layer, plan.TenantClass));
        });
        yield return Copy(plan.Release!, _ => { });
        JsonObject installation = Copy(plan.Installation, spec =>
        {
            // Where in its network it runs is the tenant's to say.
            spec.Remove("placement");
            spec.Remove("channel");
            spec["release"] = plan.WantedRelease;
            if (plan.Suspension is not null)
            {
                spec["suspended"] = true;
            }

            if (plan.Windows is { } windows)
            {
                spec[MaintenanceWindows.Field] = JsonNode.Parse(windows.Json.GetRawText());
            }

            Keep(spec, "dataPlaneValues", layer => InstallationPlanner.IsFor(layer, dataPlane));
        });
        installation.Metadata["namespace"] = plan.Installation.Namespace;
        JsonObject annotations = [];
        foreach ((string name, string value) in plan.Installation.Annotations.Where(a => a.Key.StartsWith(OrreryNames.Prefix, StringComparison.Ordinal) && a.Key is not (OrreryNames.ChangedByAnnotation or OrreryNames.ChangedAtAnnotation)))
        {
            annotations[name] = value;
        }

        annotations.Remove(ToldShare.Annotation);
        if (share is not null)
        {
            annotations[ToldShare.Annotation] = share.ToString();
        }

        if (annotations.Count > 0)
        {
            installation.Metadata["annotations"] = annotations;
        }

        yield return installation;
    }

    /// <returns>Why the release cannot be installed from elsewhere; null when it can.</returns>
    public static string? Problem(KubeObject release) => release.At("spec", "bundle", "manifests", "configMaps") is { ValueKind: System.Text.Json.JsonValueKind.Array } maps && maps.GetArrayLength() > 0
        ? $"Release {release.Name} takes its manifests from ConfigMaps of this control plane, which a tenant's own controllers cannot read; give them inline"
        : null;

    private static JsonObject Copy(KubeObject from, Action<JsonObject> change)
    {
        JsonObject spec = from.ToJsonObject()["spec"]?.DeepClone() as JsonObject ?? [];
        change(spec);
        return new JsonObject
        {
            ["apiVersion"] = from.ApiVersion,
            ["kind"] = from.Kind,
            ["metadata"] = new JsonObject { ["name"] = from.Name },
            ["spec"] = spec,
        };
    }

    private static void Keep(JsonObject spec, string list, Func<KubeObject, bool> concerns)
    {
        if (spec[list] is JsonArray layers)
        {
            spec[list] = new JsonArray([.. layers.OfType<JsonObject>().Where(l => concerns(KubeObject.From(l))).Select(l => l.DeepClone())]);
        }
    }
}
