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

/// <summary>Finds everything that an Installation names: tenant, release, values, data planes.</summary>
internal sealed class InstallationPlanner(
    KubeClient root, Informer applications, Informer releases, Informer tenants, Informer classes, TenancyDirectory tenancy, FleetDirectory fleet)
{
    public async Task<InstallationPlan> PlanAsync(KubeObject installation, CancellationToken cancellationToken)
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

        Func<DataPlane, bool> admits = isVendors ? d => !d.HasOwnControllers : tenant!.MayRunOn;
        KubeObject? owner = tenant is null ? null : tenants.Get(ClusterName.Root, "", tenant.Name);
        string? tenantClass = owner?.TextAt("spec", "class");
        plan = plan with
        {
            Placement = PlacementResolver.Resolve(Api.Kinds.Placement.Of(installation), admits, fleet.Current, []),
            Admits = admits,
            TenantClass = tenantClass,
            Windows = MaintenanceWindows.Find(installation, owner, tenantClass is { Length: > 0 } ? classes.Get(ClusterName.Root, "", tenantClass) : null, application),
            Refusal = RefusalOf(installation, application, wanted, release),
        };
        if (plan.Placement.DataPlanes.Count > 0 && plan.Placement.DataPlanes.All(d => d.HasOwnControllers))
        {
            // They are objects of the tenant's own cluster, and read there.
            return plan;
        }

        var secrets = new SecretTexts();
        try
        {
            JsonObject referenced = await ReferencedAsync(installation, secrets, cancellationToken).ConfigureAwait(false);
            return plan with { ReferencedValues = referenced, Secrets = secrets };
        }
        catch (BundleException e)
        {
            return plan with { Secrets = secrets, Refusal = plan.Refusal ?? new PlanRefusal(e.Reason, e.Message) { IsOfReferencedValues = true } };
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

    /// <summary>Objects of its own namespace from which an installation takes values.</summary>
    public static IEnumerable<ValueSource> SourcesOf(KubeObject installation) =>
        Layers(installation.At("spec", "valuesFrom")).Select(r => new ValueSource(installation.Namespace, r.TextAt("kind") == "Secret", r.TextAt("name") ?? ""));

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

    /// <summary>Read when they are needed: most are small and seldom, and a Secret is not kept for longer than that.</summary>
    private async Task<JsonObject> ReferencedAsync(KubeObject installation, SecretTexts secrets, CancellationToken cancellationToken)
    {
        var values = new JsonObject();
        foreach ((KubeObject reference, ValueSource source) in Layers(installation.At("spec", "valuesFrom")).Zip(SourcesOf(installation)))
        {
            string key = reference.TextAt("key") ?? "values.yaml";
            bool isOptional = reference.At("optional") is { ValueKind: JsonValueKind.True };
            KubeObject? found = await root.FindAsync(source.Resource, source.Namespace, source.Name, cancellationToken).ConfigureAwait(false);
            string? text = found?.TextAt("data", key);
            if (text is not null)
            {
                JsonObject read = Values.Parse(source.IsSecret ? Encoding.UTF8.GetString(Convert.FromBase64String(text)) : text, $"key {key} of {source.Kind} {source.Name}");
                if (source.IsSecret)
                {
                    secrets.Add(read);
                }

                Values.Merge(values, read);
            }
            else if (!isOptional)
            {
                throw new BundleException("ValuesMissing", found is null ? $"there is no {source}" : $"{source} has no key {key}");
            }
        }

        return values;
    }

    private static IEnumerable<KubeObject> Layers(JsonElement? list) =>
        list is { ValueKind: JsonValueKind.Array } found ? found.EnumerateArray().Select(l => new KubeObject(l)) : [];

    public static bool IsForClass(KubeObject layer, string? tenantClass) =>
        layer.At("tenantClasses") is not { ValueKind: JsonValueKind.Array } classes || classes.EnumerateArray().Any(c => c.GetString() == tenantClass);

    public static bool IsFor(KubeObject layer, DataPlane dataPlane) =>
        (layer.At("dataPlanes") is not { ValueKind: JsonValueKind.Array } names || names.EnumerateArray().Any(n => n.GetString() == dataPlane.Name))
        && (layer.At("dataPlaneLabels") is not { ValueKind: JsonValueKind.Object } labels
            || labels.EnumerateObject().All(l => dataPlane.Labels.TryGetValue(l.Name, out string? value) && value == l.Value.GetString()));
}
