using System.Collections.Concurrent;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Hub;

/// <summary>The other servers of the control plane, by what they say of themselves, and one client for each that was asked.</summary>
internal sealed class Peers : IDisposable
{
    private readonly ClientConfig config;
    private readonly TunnelHubOptions options;
    private readonly Informer servers;
    private readonly ConcurrentDictionary<Uri, KubeClient> clients = new();

    public Peers(KubeClient api, ClientConfig config, TunnelHubOptions options)
    {
        this.config = config;
        this.options = options;
        servers = new Informer(api, HubResources.Leases, new InformerOptions
        {
            Transform = InformerOptions.WithoutManagedFields,
            Namespace = OrreryNames.ServerNamespace,
            LabelSelector = OrreryNames.ServerLabel,
            Time = options.Time,
            Loggers = options.Loggers,
        });
        servers.Subscribe(change =>
        {
            // A server that was started again at the same address is another by name: what goes to it goes on.
            if (change.IsDeleted && AddressOf(change.Latest) is { } gone && !servers.All().Any(s => AddressOf(s) == gone) && clients.TryRemove(gone, out KubeClient? client))
            {
                client.Dispose();
            }
        });
    }

    public Task RunAsync(CancellationToken cancellationToken) => servers.RunAsync(cancellationToken);

    /// <returns>Null for a server that did not register.</returns>
    public ITunnelRoute? RouteTo(string server) =>
        servers.Get(ClusterName.Root, OrreryNames.ServerNamespace, OrreryNames.ServerLeasePrefix + server) is { } lease && AddressOf(lease) is { } address
            ? new PeerRoute(clients.GetOrAdd(address, a => new KubeClient(config with { Server = a }, options.Time)))
            : null;

    /// <summary>Whether it says that it is reached there: a server by a former name, where that is this one's own address.</summary>
    public bool IsAt(string server, Uri address) =>
        servers.Get(ClusterName.Root, OrreryNames.ServerNamespace, OrreryNames.ServerLeasePrefix + server) is { } lease && AddressOf(lease)?.GetLeftPart(UriPartial.Authority) == address.GetLeftPart(UriPartial.Authority);

    public void Dispose()
    {
        foreach (KubeClient client in clients.Values)
        {
            client.Dispose();
        }
    }

    private static Uri? AddressOf(KubeObject lease) =>
        Uri.TryCreate(lease.Annotations.GetValueOrDefault(OrreryNames.AddressAnnotation), UriKind.Absolute, out Uri? address) && address.Scheme == Uri.UriSchemeHttps ? address : null;
}
