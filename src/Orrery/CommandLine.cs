using System.CommandLine;
using Orrery.Commands;
using Orrery.Commands.Objects;
using Orrery.Commands.Private;

namespace Orrery;

/// <summary>All commands of the binary.</summary>
internal static class CommandLine
{
    public static RootCommand Create()
    {
        RootCommand? root = null;
        root = new RootCommand("Orrery: the control plane for a SaaS that runs on many Kubernetes clusters.")
        {
            DemoCommand.Create(),
            UpCommand.Create(),
            DownCommand.Create(),
            StatusCommand.Create(),
            KubeconfigCommand.Create(),
            RenderCommand.Create(),
            PkiCommand.Create(),
            BackupCommand.Create(),
            RestoreCommand.Create(),
            BenchCommand.Create(),
            ServeCommand.Create(),
            ControllersCommand.Create(),
            TopCommand.Create(),
            SimulateCommand.Create(),
            SatelliteCommand.Create(),
            SatelliteLogCommand.Create(),
            PrivateCommand.Create(),
            KubeApiServerCommand.Create(),
            ApplyCommand.Create(),
            DiffCommand.Create(),
            EventsCommand.Create(),
            VersionCommand.Create(),
            CompletionCommand.Create(),
            CompletionCommand.CreateQuery(() => root!),
        };
        foreach (Command command in OwnKindCommands.All())
        {
            root.Add(command);
        }

        return root;
    }
}
