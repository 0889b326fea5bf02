using System.CommandLine;
using Orrery.Bench;
using Orrery.Installation;

namespace Orrery.Commands;

/// <summary>What benches have in common that make an installation of their own: where it is made, that it is removed afterwards, and how figures are printed.</summary>
internal sealed class BenchInstallation
{
    private readonly Option<string> folder = new("--folder")
    {
        Description = "Where the installation is made, and removed afterwards. Default: a new folder for temporary files.", HelpName = "DIR",
    };

    private readonly Option<bool> json = new("--json") { Description = "Print one JSON object in place of the table." };

    /// <summary>A whole number from 1 to <paramref name="most"/>.</summary>
    /// <param name="value">When nothing is said.</param>
    public static Option<int> Number(string name, string description, int value, int most) =>
        new Option<int>(name) { Description = description, DefaultValueFactory = _ => value, HelpName = "N" }.Within(1, most);

    public void AddTo(Command command)
    {
        command.Options.Add(folder);
        command.Options.Add(json);
    }

    /// <exception cref="CommandFailedException">The folder holds something already.</exception>
    public async Task<int> RunAsync(ParseResult parse, Func<DataDirectory, Task<IReadOnlyList<Figure>>> bench)
    {
        string path = parse.GetValue(folder) ?? Directory.CreateTempSubdirectory("orrery-bench-").FullName;
        if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
        {
            throw new CommandFailedException($"--folder: {path} is not empty");
        }

        try
        {
            new ApiBenchResult([("orrery", await bench(new DataDirectory(path)).ConfigureAwait(false))]).Write(Console.Out, parse.GetValue(json));
            return 0;
        }
        finally
        {
            Directory.Delete(path, recursive: true);
        }
    }
}
