using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Commands;
using Orrery.Server.Authentication;

namespace Orrery.Installation;

/// <summary>A tenant's way into its virtual cluster.</summary>
internal static class VirtualClusterAccess
{
    /// <summary>A virtual cluster that was made a moment ago is served once its controller has seen it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>What a credential for a cluster must carry, the very virtual cluster that has that name now, and where its users reach it: as they are told, which need not be where the server is from here.</summary>
    /// <exception cref="CommandFailedException">There is no such virtual cluster; says which there are. Or it is not served.</exception>
    public static async Task<(ClusterScope Scope, Uri Server)> FindAsync(DataDirectory directory, Settings settings, ClusterName cluster, TimeProvider time, CancellationToken cancellationToken)
    {
        if (cluster.IsRoot)
        {
            return (ClusterScope.Root, settings.PublicUrl ?? OfLastServer(directory) ?? settings.Server);
        }

        using var root = new KubeClient(KubeConfig.Load(directory.AdminKubeconfig));
        await RequireAsync(root, cluster, cancellationToken).ConfigureAwait(false);
        string uid = "", endpoint = "";
        await Waiting.UntilAsync($"virtual cluster {cluster} to be served", Patience, time, async () =>
        {
            KubeObject? served = await root.FindAsync(OrreryResources.LogicalClusters, cluster.Namespace, cluster.Name, cancellationToken).ConfigureAwait(false);
            uid = served is { IsDeleting: false } ? served.Uid : "";
            endpoint = (await root.FindAsync(OrreryResources.VirtualClusters, cluster.Namespace, cluster.Name, cancellationToken).ConfigureAwait(false))?.TextAt("status", "endpoint") ?? "";
            return uid.Length > 0 && endpoint.Length > 0;
        }, cancellationToken).ConfigureAwait(false);
        return (new ClusterScope(cluster, uid), new Uri(endpoint));
    }

    /// <summary>Where the server that started last listens, which may be another port than the installation was made with.</summary>
    /// <returns>Null where none has started yet.</returns>
    private static Uri? OfLastServer(DataDirectory directory) => File.Exists(directory.AdminKubeconfig) ? KubeConfig.Load(directory.AdminKubeconfig).Server : null;

    /// <summary>Writes the administrator's kubeconfig of a virtual cluster into the data directory.</summary>
    /// <returns>Its path.</returns>
    public static async Task<string> WriteKubeconfigAsync(DataDirectory directory, Settings settings, ClusterName cluster, TimeProvider time, CancellationToken cancellationToken)
    {
        (ClusterScope scope, Uri server) = await FindAsync(directory, settings, cluster, time, cancellationToken).ConfigureAwait(false);
        string path = directory.VirtualClusterKubeconfig(cluster);
        PrivateFile.Write(path, Credentials.Kubeconfig(directory, server, scope, person: null, token: false, time));
        return path;
    }

    private static async Task RequireAsync(KubeClient root, ClusterName cluster, CancellationToken cancellationToken)
    {
        if (await root.FindAsync(OrreryResources.VirtualClusters, cluster.Namespace, cluster.Name, cancellationToken).ConfigureAwait(false) is null)
        {
            KubeList all = await root.ListAsync(OrreryResources.VirtualClusters, "", null, cancellationToken).ConfigureAwait(false);
            string known = all.Items.Count == 0 ? "none yet" : string.Join(", ", all.Items.Select(v => $"{v.Namespace}/{v.Name}"));
            throw new CommandFailedException($"there is no virtual cluster {cluster}; there are: {known}");
        }
    }
}
