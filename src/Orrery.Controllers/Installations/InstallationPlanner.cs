using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Applications;
using Orrery.Controllers.Bundles;
using Orrery.Controllers.Fleet;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Installations;

/// <summary>Finds everything that an Installation names: tenant, release, values, data planes. Reads caches alone.</summary>
internal sealed class InstallationPlanner(
    Informer applications, Informer releases, Informer configMaps, Informer secrets, Informer tenants, TenancyDirectory tenancy, FleetDirectory fleet)
{
    public InstallationPlan Plan(KubeObject installation)
    {
        bool isVendors = installation.TextAt("spec", "scope") == "DataPlane";
        Tenant? tenant = tenancy.TenantOf(installation.Namespace);
        KubeObject? application = applications.Get(ClusterName.Root, "", installation.TextAt("spec", "application") ?? "");
        string? wanted = installation.TextAt("spec", "release")
            ?? (application is null ? null : ApplicationReconciler.ReleaseOf(application, installation.TextAt("spec", "channel") ?? ""));
        KubeObject? release = wanted is null ? null : releases.Get(ClusterName.Root, "", wanted);
        var plan = new InstallationPlan(installation, isVendors ? "" : tenant?.Name ?? "", application, release, wanted, Resolution.Nowhere, null);
        if (isVendors != tenant is null)
        {
            return plan with { Refusal = NotTheirs(installation, isVendors) };
        }

        plan = plan with
        {
            Placement = PlacementResolver.Resolve(Api.Kinds.Placement.Of(installation), isVendors ? _ => true : tenant!.MayRunOn, fleet.Current, []),
            TenantClass = tenant is null ? null : tenants.Get(ClusterName.Root, "", tenant.Name)?.TextAt("spec", "class"),
            Refusal = RefusalOf(installation, application, wanted, release),
        };
        try
        {
            return plan with { ReferencedValues = Referenced(installation) };
        }
        catch (BundleException e)
        {
            return plan with { Refusal = plan.Refusal ?? new PlanRefusal(e.Reason, e.Message) };
        }
    }

    /// <summary>All values for one data plane, the weakest first: release, application, referenced, inline, per data plane.</summary>
    public static JsonObject ValuesFor(InstallationPlan plan, DataPlane dataPlane)
    {
        var values = new JsonObject();
        Values.Merge(values, plan.Release?.At("spec", "values"));
        foreach (KubeObject layer in Layers(plan.Application?.At("spec", "values")).Where(l => IsFor(l, dataPlane) && IsForClass(l, plan.TenantClass)))
        {
            Values.Merge(values, layer.At("values"));
        }

        Values.Merge(values, plan.ReferencedValues);
        Values.Merge(values, plan.Installation.At("spec", "values"));
        foreach (KubeObject layer in Layers(plan.Installation.At("spec", "dataPlaneValues")).Where(l => IsFor(l, dataPlane)))
        {
            Values.Merge(values, layer.At("values"));
        }

        return values;
    }

    /// <summary>Objects of its own namespace from which an installation takes values, as <c>Kind/name</c>.</summary>
    public static IEnumerable<string> ReferencesOf(KubeObject installation) =>
        Layers(installation.At("spec", "valuesFrom")).Select(r => $"{r.TextAt("kind")}/{r.TextAt("name")}");

    private static PlanRefusal NotTheirs(KubeObject installation, bool isVendors) => isVendors
        ? new PlanRefusal("TenantsNamespace", $"namespace {installation.Namespace} is a tenant's; an installation of scope DataPlane stands outside of those")
        : new PlanRefusal("NoTenant", $"namespace {installation.Namespace} does not carry the label {OrreryNames.TenantLabel}; say scope DataPlane for one that is no tenant's");

    private static PlanRefusal? RefusalOf(KubeObject installation, KubeObject? application, string? wanted, KubeObject? release)
    {
        string name = installation.TextAt("spec", "application") ?? "";
        return application is null ? new PlanRefusal("NoApplication", $"there is no Application {name}")
            : wanted is null ? new PlanRefusal("NoChannel", $"Application {name} has no channel {installation.TextAt("spec", "channel")}")
            : release is null ? new PlanRefusal("NoRelease", $"there is no Release {wanted}")
            : release.TextAt("spec", "application") != name ? new PlanRefusal("ForeignRelease", $"Release {wanted} is of the application {release.TextAt("spec", "application")}, not of {name}")
            : !Conditions.IsTrue(release, OrreryNames.ReadyCondition) ? new PlanRefusal("ReleaseNotReady", $"Release {wanted} is not ready: {Conditions.Find(release, OrreryNames.ReadyCondition)?.Message ?? "it was not read yet"}")
            : null;
    }

    private JsonObject Referenced(KubeObject installation)
    {
        var values = new JsonObject();
        foreach (KubeObject reference in Layers(installation.At("spec", "valuesFrom")))
        {
            (string kind, string name, string key) = (reference.TextAt("kind") ?? "", reference.TextAt("name") ?? "", reference.TextAt("key") ?? "values.yaml");
            bool isOptional = reference.At("optional") is { ValueKind: JsonValueKind.True };
            KubeObject? source = (kind == "Secret" ? secrets : configMaps).Get(ClusterName.Root, installation.Namespace, name);
            string? text = kind == "Secret"
                ? source?.TextAt("data", key) is { } encoded ? Encoding.UTF8.GetString(Convert.FromBase64String(encoded)) : null
                : source?.TextAt("data", key);
            if (text is not null)
            {
                Values.Merge(values, Values.Parse(text, $"key {key} of {kind} {name}"));
            }
            else if (!isOptional)
            {
                throw new BundleException("ValuesMissing", source is null ? $"there is no {kind} {installation.Namespace}/{name}" : $"{kind} {installation.Namespace}/{name} has no key {key}");
            }
        }

        return values;
    }

    private static IEnumerable<KubeObject> Layers(JsonElement? list) =>
        list is { ValueKind: JsonValueKind.Array } found ? found.EnumerateArray().Select(l => new KubeObject(l)) : [];

    private static bool IsForClass(KubeObject layer, string? tenantClass) =>
        layer.At("tenantClasses") is not { ValueKind: JsonValueKind.Array } classes || classes.EnumerateArray().Any(c => c.GetString() == tenantClass);

    private static bool IsFor(KubeObject layer, DataPlane dataPlane) =>
        (layer.At("dataPlanes") is not { ValueKind: JsonValueKind.Array } names || names.EnumerateArray().Any(n => n.GetString() == dataPlane.Name))
        && (layer.At("dataPlaneLabels") is not { ValueKind: JsonValueKind.Object } labels
            || labels.EnumerateObject().All(l => dataPlane.Labels.TryGetValue(l.Name, out string? value) && value == l.Value.GetString()));
}
