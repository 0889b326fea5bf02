using System.CommandLine;
using Orrery.Api;
using Orrery.Commands;

var root = new RootCommand("Orrery: the control plane for a SaaS that runs on many Kubernetes clusters.")
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
    SimulateCommand.Create(),
    SatelliteCommand.Create(),
    KubeApiServerCommand.Create(),
    VersionCommand.Create(),
};

try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(10) }).ConfigureAwait(false);
}
catch (CommandFailedException error)
{
    await Console.Error.WriteLineAsync($"orrery: {error.Message}").ConfigureAwait(false);
    return 1;
}
catch (StatusException error)
{
    await Console.Error.WriteLineAsync($"orrery: the server answered {error.Code} {error.Reason}: {error.Message}").ConfigureAwait(false);
    return 1;
}
catch (HttpRequestException error)
{
    await Console.Error.WriteLineAsync($"orrery: the control plane cannot be reached ({error.Message}); 'orrery status' tells what runs").ConfigureAwait(false);
    return 1;
}
catch (OperationCanceledException)
{
    return 130;
}
