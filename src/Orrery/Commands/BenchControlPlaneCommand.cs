using System.CommandLine;
using Orrery.Bench;
using Orrery.Installation;

namespace Orrery.Commands;

/// <summary><c>orrery bench control-plane</c>: what many tenants on many data planes cost the controllers, and how soon one more is served.</summary>
internal static class BenchControlPlaneCommand
{
    public static Command Create()
    {
        Option<int> planes = BenchInstallation.Number("--data-planes", "Simulated data planes, 1 to 200.", 50, 200);
        Option<int> tenants = BenchInstallation.Number("--tenants", "Tenants, 1 to 5000.", 200, 5000);
        Option<int> onboarded = BenchInstallation.Number("--onboard", "Tenants that are added while others change, 1 to 1000.", 30, 1000);
        var installation = new BenchInstallation();
        var fleet = new Option<int?>("--fleet-from") { Hidden = true };
        var dataDir = new Option<string>("--data-dir") { Hidden = true };
        var command = new Command("control-plane", "Many tenants with installations on simulated data planes, on a control plane of its own: a look at everything, and one more tenant.")
        {
            planes, tenants, onboarded, fleet, dataDir,
        };
        installation.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            if (parse.GetValue(fleet) is { } from)
            {
                await FleetProcess.RunAsync(new DataDirectory(parse.GetValue(dataDir)!), from, parse.GetValue(planes), cancellationToken).ConfigureAwait(false);
                return 0;
            }

            return await installation.RunAsync(
                parse,
                directory => new ControlPlaneBench(directory, parse.GetValue(planes), parse.GetValue(tenants), parse.GetValue(onboarded), new Progress(TimeProvider.System, quiet: false), TimeProvider.System).RunAsync(cancellationToken)).ConfigureAwait(false);
        });
        return command;
    }
}
