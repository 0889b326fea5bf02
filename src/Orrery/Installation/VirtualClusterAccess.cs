using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Commands;

namespace Orrery.Installation;

/// <summary>A tenant's way into its virtual cluster.</summary>
internal static class VirtualClusterAccess
{
    /// <exception cref="CommandFailedException">There is no such virtual cluster; says which there are.</exception>
    public static async Task RequireAsync(DataDirectory directory, ClusterName cluster, CancellationToken cancellationToken)
    {
        using var root = new KubeClient(KubeConfig.Load(directory.AdminKubeconfig));
        if (await root.FindAsync(OrreryResources.VirtualClusters, cluster.Namespace, cluster.Name, cancellationToken).ConfigureAwait(false) is null)
        {
            KubeList all = await root.ListAsync(OrreryResources.VirtualClusters, "", null, cancellationToken).ConfigureAwait(false);
            string known = all.Items.Count == 0 ? "none yet" : string.Join(", ", all.Items.Select(v => $"{v.Namespace}/{v.Name}"));
            throw new CommandFailedException($"there is no virtual cluster {cluster}; there are: {known}");
        }
    }

    /// <summary>Writes the administrator's kubeconfig of a virtual cluster into the data directory.</summary>
    /// <returns>Its path.</returns>
    public static string WriteKubeconfig(DataDirectory directory, Settings settings, ClusterName cluster, TimeProvider time)
    {
        string path = directory.VirtualClusterKubeconfig(cluster);
        PrivateFile.Write(path, Credentials.AdministratorKubeconfig(directory, settings, cluster, token: false, time));
        return path;
    }
}
