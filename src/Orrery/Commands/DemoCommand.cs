using System.CommandLine;
using Orrery.Demo;
using Orrery.Installation;

namespace Orrery.Commands;

/// <summary><c>orrery demo</c>: an installation, a tenant, a virtual cluster, and the story of one application on three clusters.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        Option<string> dataDir = Options.DataDir();
        Option<bool> detach = Options.Detach();
        Option<int> port = Options.Port();
        var command = new Command("demo", "Start Orrery with three simulated data planes and show one application running on them through one virtual cluster.")
        {
            dataDir, port, detach,
        };
        command.SetAction((parse, cancellationToken) => RunAsync(
            new UpRequest(parse.GetValue(dataDir)!, parse.GetResult(port) is { Implicit: false } ? parse.GetValue(port) : null, null),
            parse.GetValue(detach),
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(UpRequest request, bool detach, CancellationToken cancellationToken)
    {
        await new Launcher(TimeProvider.System).RunAsync(
            request, Launcher.Patience, detach, installation => DemoStory.RunAsync(installation, TimeProvider.System, cancellationToken), cancellationToken).ConfigureAwait(false);
        return 0;
    }
}
