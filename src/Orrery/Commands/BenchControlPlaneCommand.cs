using System.CommandLine;
using Orrery.Bench;
using Orrery.Installation;

namespace Orrery.Commands;

/// <summary><c>orrery bench control-plane</c>: what many tenants on many data planes cost the controllers, and how soon one more is served.</summary>
internal static class BenchControlPlaneCommand
{
    public static Command Create()
    {
        Option<int> planes = Number("--data-planes", "Simulated data planes, 1 to 200.", 50, 200);
        Option<int> tenants = Number("--tenants", "Tenants, 1 to 5000.", 200, 5000);
        Option<int> onboarded = Number("--onboard", "Tenants that are added while others change, 1 to 1000.", 30, 1000);
        var folder = new Option<string>("--folder") { Description = "Where the installation is made, and removed afterwards. Default: a new folder for temporary files.", HelpName = "DIR" };
        var json = new Option<bool>("--json") { Description = "Print one JSON object in place of the table." };
        var fleet = new Option<int?>("--fleet-from") { Hidden = true };
        var dataDir = new Option<string>("--data-dir") { Hidden = true };
        var command = new Command("control-plane", "Many tenants with installations on simulated data planes, on a control plane of its own: a look at everything, and one more tenant.")
        {
            planes, tenants, onboarded, folder, json, fleet, dataDir,
        };
        command.SetAction(async (parse, cancellationToken) =>
        {
            if (parse.GetValue(fleet) is { } from)
            {
                await FleetProcess.RunAsync(new DataDirectory(parse.GetValue(dataDir)!), from, parse.GetValue(planes), cancellationToken).ConfigureAwait(false);
                return 0;
            }

            string path = parse.GetValue(folder) ?? Directory.CreateTempSubdirectory("orrery-bench-").FullName;
            if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
            {
                throw new CommandFailedException($"--folder: {path} is not empty");
            }

            try
            {
                var bench = new ControlPlaneBench(
                    new DataDirectory(path), parse.GetValue(planes), parse.GetValue(tenants), parse.GetValue(onboarded), new Progress(TimeProvider.System, quiet: false), TimeProvider.System);
                new ApiBenchResult([("orrery", await bench.RunAsync(cancellationToken).ConfigureAwait(false))]).Write(Console.Out, parse.GetValue(json));
                return 0;
            }
            finally
            {
                Directory.Delete(path, recursive: true);
            }
        });
        return command;
    }

    private static Option<int> Number(string name, string description, int value, int most)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => value, HelpName = "N" };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.GetValueOrDefault<int>() is var said && (said < 1 || said > most))
            {
                result.AddError($"{name}: want 1 to {most}");
            }
        });
        return option;
    }
}
