using Orrery.Client;

namespace Orrery.Commands;

/// <summary>The cluster that controllers work on, when that is somebody's existing one.</summary>
internal static class RootCluster
{
    /// <param name="kubeconfig">Null takes the cluster in whose pod the process runs.</param>
    /// <param name="context">Null takes the kubeconfig's current one.</param>
    public static ClientConfig Load(string? kubeconfig, string? context)
    {
        if (kubeconfig is not null && !File.Exists(kubeconfig))
        {
            throw new CommandFailedException($"--kubeconfig: there is no file {kubeconfig}");
        }

        try
        {
            return kubeconfig is not null ? KubeConfig.Load(kubeconfig, context) : InClusterConfig.Load(TimeProvider.System);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or InvalidOperationException)
        {
            throw new CommandFailedException(kubeconfig is null ? $"--kubeconfig is not given, and: {e.Message}" : e.Message, e);
        }
    }
}
