using System.CommandLine;
using System.Reflection;

namespace Orrery.Commands;

/// <summary><c>orrery version</c>.</summary>
internal static class VersionCommand
{
    public static string Version =>
        typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0.0.0";

    public static Command Create()
    {
        var command = new Command("version", "Print the version.");
        command.SetAction(_ =>
        {
            Console.WriteLine($"orrery {Version}");
            return 0;
        });
        return command;
    }
}
