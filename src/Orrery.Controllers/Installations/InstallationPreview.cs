using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Charts;
using Orrery.Client;
using Orrery.Controllers.Bundles;
using Orrery.Controllers.Fleet;

namespace Orrery.Controllers.Installations;

/// <summary>What an installation would change in one data plane.</summary>
/// <param name="Changes">Objects that would differ, sorted by name.</param>
/// <param name="Refusal">Why nothing would come into force; null when it would.</param>
public sealed record PlanePreview(string DataPlane, IReadOnlyList<ObjectChange> Changes, string? Refusal);

/// <summary>One object before and after.</summary>
/// <param name="Name">Such as <c>Deployment acme-shop/web</c>.</param>
/// <param name="Before">What is in force; null when it would come.</param>
/// <param name="After">What would be in force; null when it would go.</param>
public sealed record ObjectChange(string Name, JsonObject? Before, JsonObject? After);

/// <summary>Tells what an installation would change, by the same rules as the controllers and without writing anything.</summary>
public static class InstallationPreview
{
    /// <param name="api">Root, with a credential that may read what the installation names, and Works.</param>
    /// <param name="change">Makes of the Installation as it is (null when there is none) the one to be looked at.</param>
    /// <returns>One for each data plane concerned, sorted by name.</returns>
    /// <exception cref="StatusException">The server refuses to tell something that is needed.</exception>
    /// <exception cref="InvalidOperationException">There is nothing to look at; says why.</exception>
    public static async Task<IReadOnlyList<PlanePreview>> RunAsync(
        ClientConfig api, string ns, string name, Func<KubeObject?, JsonObject?> change, TimeProvider time, CancellationToken cancellationToken)
    {
        using var root = new KubeClient(api, time);
        var context = new ControllerContext(root, new ControllersOptions { Api = api, Time = time });
        InformerSet set = context.RootInformers;
        var planner = new InstallationPlanner(
            root, set.For(OrreryResources.Applications), set.For(OrreryResources.Releases), set.For(OrreryResources.Tenants), set.For(OrreryResources.TenantClasses), context.Tenancy, context.Fleet);
        KubeObject? present = await root.FindServedAsync(OrreryResources.Installations, ns, name, cancellationToken).ConfigureAwait(false);
        JsonObject wanted = change(present) ?? throw new InvalidOperationException($"there is no installation {ns}/{name}");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task running = set.RunAsync(stop.Token);
        try
        {
            await set.WaitForSyncAsync(cancellationToken).ConfigureAwait(false);
            using HttpClient http = ChartHttp.Create(carrier: null);
            var bundles = new BundleReader(root, new ChartSource(http, new ChartCache(null)));
            var facts = new ClusterFacts(set.For(OrreryResources.DataPlanes), root, time);
            return await PreviewAsync(KubeObject.From(wanted), planner, context, bundles, facts, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task<IReadOnlyList<PlanePreview>> PreviewAsync(
        KubeObject installation, InstallationPlanner planner, ControllerContext context, BundleReader bundles, ClusterFacts facts, CancellationToken cancellationToken)
    {
        InstallationPlan plan = await planner.PlanAsync(installation, cancellationToken).ConfigureAwait(false);
        ILookup<string, KubeObject> inForce = context.Works.Of(installation).Where(w => !InstallationWorks.IsHook(w) && InstallationWorks.IsInForce(w)).ToLookup(WorkDirectory.DataPlaneOf, StringComparer.Ordinal);
        IReadOnlyList<DataPlane> targets = InstallationTargets.Of(plan, inForce.Contains);
        IReadOnlyDictionary<string, PlaneStatus> known = PlaneStatus.Of(installation);
        var renderer = new BundleRenderer(context.Time);
        var previews = new List<PlanePreview>();
        foreach (string name in targets.Select(t => t.Name).Union(inForce.Select(p => p.Key)).Order(StringComparer.Ordinal))
        {
            Dictionary<string, JsonObject> before = inForce[name].ToDictionary(w => w.Name, w => JsonObject.Create(w.At("spec", "manifest")!.Value)!, StringComparer.Ordinal);
            if (targets.FirstOrDefault(t => t.Name == name) is not { } plane)
            {
                previews.Add(new PlanePreview(name, Compare(before, []), null));
                continue;
            }

            try
            {
                PlaneStatus status = known.GetValueOrDefault(name) ?? new PlaneStatus(name);
                Dictionary<string, JsonObject> after = plan.Refusal is { } refusal
                    ? throw new BundleException(refusal.Reason, refusal.Message)
                    : await RenderAsync(plan, plane, new WorkNames(context.Works, installation, plane.Namespace), targets, status, bundles, renderer, facts, cancellationToken).ConfigureAwait(false);
                previews.Add(new PlanePreview(name, Compare(before, after), null));
            }
            catch (BundleException e)
            {
                previews.Add(new PlanePreview(name, [], e.Message));
            }
        }

        return previews.Count == 0 && plan.Refusal is { } why ? [new PlanePreview("", [], why.Message)] : previews;
    }

    private static async Task<Dictionary<string, JsonObject>> RenderAsync(
        InstallationPlan plan, DataPlane plane, WorkNames names, IReadOnlyList<DataPlane> targets, PlaneStatus status, BundleReader bundles, BundleRenderer renderer, ClusterFacts facts, CancellationToken cancellationToken)
    {
        Bundle bundle = await bundles.ReadAsync(plan.Release!, cancellationToken).ConfigureAwait(false);
        RenderTarget target = await facts.TargetAsync(plan, plane, bundle, Math.Max(status.Revision, 1), status.InForce is not null, cancellationToken).ConfigureAwait(false);
        RenderedBundle rendered = await renderer.RenderAsync(
            bundle, InstallationPlanner.ValuesFor(plan, plane), plan.Overrides, target, (query, answers, token) => facts.LookUpAsync(plan, plane, query, answers, token), cancellationToken).ConfigureAwait(false);
        InstallationTargets.Divide(rendered.Objects, InstallationTargets.Shares(plan, plane.Name, targets).Replicas);
        return rendered.Objects.ToDictionary(o => names.Of(o), StringComparer.Ordinal);
    }

    private static List<ObjectChange> Compare(Dictionary<string, JsonObject> before, Dictionary<string, JsonObject> after) =>
    [
        .. before.Keys.Union(after.Keys)
            .Select(k => (Before: before.GetValueOrDefault(k), After: after.GetValueOrDefault(k)))
            .Where(c => CanonicalJson.Digest(c.Before) != CanonicalJson.Digest(c.After))
            .Select(c => new ObjectChange(NameOf(c.After ?? c.Before!), c.Before, c.After))
            .OrderBy(c => c.Name, StringComparer.Ordinal),
    ];

    private static string NameOf(JsonObject manifest) => $"{manifest.Kind} {(manifest.Namespace.Length > 0 ? manifest.Namespace + "/" : "")}{manifest.Name}";
}
