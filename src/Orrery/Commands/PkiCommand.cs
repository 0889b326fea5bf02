using System.CommandLine;
using Orrery.Installation;

namespace Orrery.Commands;

/// <summary><c>orrery pki</c>: hands the keys of an installation to another replica of it.</summary>
internal static class PkiCommand
{
    private const string Standard = "-";

    public static Command Create() => new("pki", "Hand over the keys that all replicas of one control plane share, and replace its certificate authority.") { Export(), Import(), PkiRotateVerb.Create() };

    private static Command Export()
    {
        Option<string> dataDir = Options.DataDir();
        Argument<string> file = File("Where to write the keys, readable by the owner alone; - is standard output.");
        var command = new Command("export", "Write the authority and the token key of this installation as PEM. Keep it as secret as the installation.") { file, dataDir };
        command.SetAction(parse =>
        {
            string pem = KeyBundle.Read(new DataDirectory(parse.GetValue(dataDir)!), TimeProvider.System).ToPem();
            string path = parse.GetValue(file)!;
            if (path == Standard)
            {
                Console.Write(pem);
                return 0;
            }

            try
            {
                PrivateFile.Write(Path.GetFullPath(path), pem);
                return 0;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new CommandFailedException(error.Message, error);
            }
        });
        return command;
    }

    private static Command Import()
    {
        Option<string> dataDir = Options.DataDir();
        Argument<string> file = File("What 'orrery pki export' wrote; - is standard input.");
        var command = new Command("import", "Give the keys of another replica to this data directory, before its first 'orrery serve'.") { file, dataDir };
        command.SetAction(async (parse, cancellationToken) =>
        {
            string path = parse.GetValue(file)!;
            try
            {
                string pem = path == Standard
                    ? await Console.In.ReadToEndAsync(cancellationToken).ConfigureAwait(false)
                    : await System.IO.File.ReadAllTextAsync(path, cancellationToken).ConfigureAwait(false);
                KeyBundle.Parse(pem, TimeProvider.System).Install(new DataDirectory(parse.GetValue(dataDir)!), TimeProvider.System);
                return 0;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new CommandFailedException(error.Message, error);
            }
        });
        return command;
    }

    private static Argument<string> File(string description) => new("FILE") { Description = description, DefaultValueFactory = _ => Standard };
}
