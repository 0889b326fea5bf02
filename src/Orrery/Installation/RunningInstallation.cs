using Orrery.Client;

namespace Orrery.Installation;

/// <summary>An installation whose processes run and are ready.</summary>
/// <param name="Root">Client of the root cluster's administrator.</param>
internal sealed record RunningInstallation(DataDirectory Directory, Settings Settings, IReadOnlyList<OrreryProcess> Processes, KubeClient Root) : IDisposable
{
    /// <summary>How to name this installation on a command line: nothing when it is the default one.</summary>
    public string DataDirOption =>
        Directory.Path == new DataDirectory(Environment.GetEnvironmentVariable(DataDirectory.Variable) ?? ".orrery").Path ? "" : $" --data-dir {Directory.Path}";

    public void Dispose() => Root.Dispose();
}
