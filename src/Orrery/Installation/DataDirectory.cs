using Orrery.Api;

namespace Orrery.Installation;

/// <summary>
/// Where one installation keeps everything: keys, stores, kubeconfigs, process records, logs. Nothing is
/// written outside of it.
/// </summary>
internal sealed class DataDirectory(string path)
{
    /// <summary>Environment variable that names the directory when <c>--data-dir</c> does not.</summary>
    public const string Variable = "ORRERY_DATA_DIR";

    public string Path { get; } = System.IO.Path.GetFullPath(path);

    public string SettingsFile => In("orrery.json");

    public string PkiFolder => In("pki");

    public string StoreFile => In("control-plane", "store.db");

    /// <summary>Kubeconfig of the root cluster's administrator.</summary>
    public string AdminKubeconfig => In("kubeconfig");

    /// <summary>Kubeconfig of the controllers: every cluster of the control plane.</summary>
    public string ControllersKubeconfig => In("control-plane", "controllers.kubeconfig");

    public string DataPlaneFolder(string dataPlane) => In("data-planes", dataPlane);

    public string DataPlaneKubeconfig(string dataPlane) => In("data-planes", dataPlane, "kubeconfig");

    /// <summary>Invitation of a data plane's satellite.</summary>
    public string JoinFile(string dataPlane) => In("satellites", dataPlane + ".join.json");

    public string VirtualClusterKubeconfig(ClusterName cluster) => In("virtual-clusters", $"{cluster.Namespace}.{cluster.Name}.kubeconfig");

    /// <summary>Charts that were fetched, by their digests.</summary>
    public string ChartFolder => In("control-plane", "charts");

    public string ProcessFile(string process) => In("run", process + ".json");

    public string LogFile(string process) => In("logs", process + ".log");

    /// <summary>Guards against two commands that change the installation at once.</summary>
    public string LockFile => In("run", "lock");

    public bool Exists => File.Exists(SettingsFile);

    /// <summary>Makes the folders, readable by the owner alone where the system knows such modes.</summary>
    public void Create()
    {
        MakePrivate(Path);
        foreach (string folder in (string[])["pki", "control-plane", "data-planes", "satellites", "virtual-clusters", "run", "logs"])
        {
            MakePrivate(In(folder));
        }
    }

    /// <exception cref="IOException">It cannot be made; says which and why.</exception>
    public static void MakePrivate(string folder)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(folder);
            }
            else
            {
                Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"folder {folder} cannot be made: {e.Message}", e);
        }
    }

    private string In(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);
}
