using System.CommandLine;
using Orrery.Api;
using Orrery.Commands.Objects;
using Orrery.Installation;
using Orrery.Server.Authentication;

namespace Orrery.Commands;

/// <summary><c>orrery kubeconfig</c>: prints a kubeconfig of the root cluster, a virtual cluster or a data plane.</summary>
internal static class KubeconfigCommand
{
    public static Command Create()
    {
        Option<string> dataDir = Options.DataDir();
        var virtualCluster = new Option<string>("--virtual-cluster") { Description = "A virtual cluster; its administrator's credential reaches it and nothing else.", HelpName = "NAMESPACE/NAME" };
        var dataPlane = new Option<string>("--data-plane") { Description = "A simulated data plane.", HelpName = "NAME" };
        var token = new Option<bool>("--token") { Description = "Use a bearer token, good for 30 days, in place of a client certificate (not for a data plane)." };
        var user = new Option<string>("--user") { Description = "Of this user in place of the administrator: it may do what roles give it, as a member of a tenant, for 30 days (not for a data plane).", HelpName = "NAME" };
        var groups = new Option<string[]>("--group") { Description = "A group that the user is in; several times for several.", HelpName = "NAME", AllowMultipleArgumentsPerToken = false };
        var command = new Command("kubeconfig", "Print a kubeconfig: the root cluster's administrator's, unless an option names another cluster or somebody else.")
        {
            virtualCluster, dataPlane, user, groups, token, dataDir,
        };
        virtualCluster.CompletionSources.Add(context => Completions.Names(ObjectKind.VirtualCluster, context, qualified: true));
        dataPlane.With(ObjectKind.DataPlane);
        command.Validators.Add(result =>
        {
            if (result.GetResult(dataPlane) is not null && (result.GetResult(virtualCluster) is not null || result.GetResult(token) is { Implicit: false }))
            {
                result.AddError("--data-plane goes with neither --virtual-cluster nor --token");
            }

            string? name = result.GetValue(user);
            if (result.GetValue(groups) is { Length: > 0 } && name is null)
            {
                result.AddError("--group goes with --user");
            }

            if (name is not null && result.GetResult(dataPlane) is not null)
            {
                result.AddError("--data-plane does not go with --user");
            }

            // Those are the cluster's own, and have their own ways to a credential.
            foreach (string reserved in (result.GetValue(groups) ?? []).Append(name).OfType<string>().Where(n => n.Length == 0 || n.StartsWith("system:", StringComparison.Ordinal) || n.StartsWith("orrery:", StringComparison.Ordinal)))
            {
                result.AddError($"'{reserved}' is no name for a person or a group of people");
            }
        });
        command.SetAction((parse, cancellationToken) => RunAsync(
            parse.GetValue(dataDir)!, parse.GetValue(virtualCluster), parse.GetValue(dataPlane),
            parse.GetValue(user) is { } person ? new ClientIdentity(person, parse.GetValue(groups) ?? []) : null, parse.GetValue(token), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string dataDir, string? virtualCluster, string? dataPlane, ClientIdentity? person, bool token, CancellationToken cancellationToken)
    {
        (DataDirectory directory, Settings settings) = Options.Existing(dataDir);
        string text;
        if (dataPlane is not null)
        {
            if (!settings.DataPlanes.Contains(dataPlane))
            {
                throw new CommandFailedException($"there is no data plane '{dataPlane}' here; there are {string.Join(", ", settings.DataPlanes)}");
            }

            text = await File.ReadAllTextAsync(directory.DataPlaneKubeconfig(dataPlane), cancellationToken).ConfigureAwait(false);
        }
        else
        {
            ClusterName cluster = Parse(virtualCluster);
            (ClusterScope scope, Uri server) = await VirtualClusterAccess.FindAsync(directory, settings, cluster, TimeProvider.System, cancellationToken).ConfigureAwait(false);
            text = Credentials.Kubeconfig(directory, server, scope, person, token, TimeProvider.System);
        }

        Console.Write(text);
        return 0;
    }

    private static ClusterName Parse(string? text)
    {
        try
        {
            return ClusterName.Parse(text ?? "");
        }
        catch (FormatException error)
        {
            throw new CommandFailedException($"--virtual-cluster: {error.Message}", error);
        }
    }
}
