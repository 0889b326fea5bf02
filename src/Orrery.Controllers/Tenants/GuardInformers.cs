using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Tenants;

/// <summary>
/// Objects that Orrery keeps for tenants, found by their label, and one way to bring them to what is wanted: what differs is applied, what
/// is no longer wanted goes.
/// </summary>
internal sealed class GuardInformers
{
    private const string ByTenant = "guard-tenant";

    private readonly KubeClient client;
    private readonly Dictionary<GroupVersionResource, Informer> informers;
    private readonly Func<string, bool> isElses;

    /// <param name="client">Of the root cluster, or of all virtual clusters.</param>
    /// <param name="isElses">Of a namespace: what is kept there for tenants is somebody else's, and left alone.</param>
    public GuardInformers(KubeClient client, ControllersOptions options, Func<string, bool> isElses, params ReadOnlySpan<GroupVersionResource> resources)
    {
        this.client = client;
        this.isElses = isElses;
        InformerOptions ofOurs = options.Informers with { LabelSelector = OrreryNames.GuardLabel };
        informers = resources.ToArray().ToDictionary(r => r, r => new Informer(client, r, ofOurs).AddIndex(ByTenant, o => [Place(OwnerOf(o), o.Cluster)]));
    }

    public IEnumerable<Informer> All => informers.Values;

    /// <param name="woken">Is told a tenant and the cluster in which something that is kept for it changed.</param>
    public void Subscribe(Action<string, ClusterName> woken)
    {
        foreach (Informer informer in informers.Values)
        {
            informer.Subscribe(change =>
            {
                woken(OwnerOf(change.Latest), change.Key.Cluster);
                if (change.Old is { } old && OwnerOf(old) != OwnerOf(change.Latest))
                {
                    woken(OwnerOf(old), change.Key.Cluster);
                }
            });
        }
    }

    /// <summary>Tenants that anything is kept for.</summary>
    public IEnumerable<string> Tenants() => informers.Values.SelectMany(i => i.All()).Select(OwnerOf).Distinct(StringComparer.Ordinal);

    /// <param name="cluster">Where to write, when the informers span all clusters.</param>
    /// <param name="unknown">Of which it is not known what is wanted: what is there stays.</param>
    public async Task BringAboutAsync(
        string tenant, IEnumerable<(GroupVersionResource Resource, JsonObject Json)> wanted, CancellationToken cancellationToken, ClusterName? cluster = null, params GroupVersionResource[] unknown)
    {
        KubeClient writer = cluster is { } one ? client.InCluster(one) : client;
        ClusterName place = cluster ?? ClusterName.Root;
        var kept = new HashSet<(GroupVersionResource, string, string)>();

        // 1. What is missing or differs.
        foreach ((GroupVersionResource resource, JsonObject json) in wanted)
        {
            kept.Add((resource, json.Namespace, json.Name));
            Informer informer = informers[resource];
            if (informer.Get(place, json.Namespace, json.Name) is { IsDeleting: false } present && JsonComparison.Holds(json, present.Json))
            {
                continue;
            }

            KubeObject written = await ApplyAsync(writer, resource, json, cancellationToken).ConfigureAwait(false);
            informer.Observe(written, place);
        }

        // 2. What is left over.
        foreach ((GroupVersionResource resource, Informer informer) in informers.Where(i => !unknown.Contains(i.Key)))
        {
            foreach (KubeObject present in informer.ByIndex(ByTenant, Place(tenant, place)).Where(o => !o.IsDeleting && !isElses(o.Namespace) && !kept.Contains((resource, o.Namespace, o.Name))))
            {
                await OwnKinds.DeleteAsync(writer, resource, present, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>A tenant's, in one cluster: it may have thousands.</summary>
    private static string Place(string tenant, ClusterName cluster) => cluster.IsRoot ? tenant : $"{tenant}/{cluster}";

    private static async Task<KubeObject> ApplyAsync(KubeClient writer, GroupVersionResource resource, JsonObject json, CancellationToken cancellationToken)
    {
        try
        {
            return await writer.ApplyAsync(resource, json.Namespace, json.Name, json, OrreryNames.Manager, force: true, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.Reason == StatusReason.Invalid && json["roleRef"] is not null)
        {
            if (await writer.FindAsync(resource, json.Namespace, json.Name, cancellationToken).ConfigureAwait(false) is not { } present || JsonComparison.IsSame(present.At("roleRef"), json["roleRef"]))
            {
                throw;
            }

            // What a binding grants cannot be changed. Somebody made one of this name that grants something else: it goes, or nothing after it would be put right.
            await OwnKinds.DeleteAsync(writer, resource, present, cancellationToken).ConfigureAwait(false);
            return await writer.ApplyAsync(resource, json.Namespace, json.Name, json, OrreryNames.Manager, force: true, cancellationToken).ConfigureAwait(false);
        }
    }

    private static string OwnerOf(KubeObject kept) => kept.Labels.GetValueOrDefault(OrreryNames.GuardLabel) ?? "";
}
