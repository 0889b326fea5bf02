using System.CommandLine;

namespace Orrery.Commands.Private;

/// <summary><c>orrery private</c>: a tenant that runs the product in its own network, by its own controllers.</summary>
internal static class PrivateCommand
{
    public static Command Create() =>
        new("private", "Let a tenant run the product in its own network, by its own controllers.") { InstallVerb.Create(), RunVerb.Create() };
}
