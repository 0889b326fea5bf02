using System.CommandLine;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Commands.DataPlanes;
using Orrery.Commands.Objects;
using Orrery.Controllers.Joining;

namespace Orrery.Commands.Private;

/// <summary><c>orrery private install</c>: prints what a tenant applies to its own cluster.</summary>
internal static class InstallVerb
{
    public static Command Create()
    {
        var command = new Command(
            "install",
            "Print a manifest for a tenant's own cluster: with 'kubectl apply -f -' there, the tenant's own controllers run, fetch what is this tenant's from here, and report its status. Say it again for another token.");
        ClusterOptions cluster = ClusterOptions.AddTo(command, namespaced: false);
        var tenant = new Option<string>("--tenant") { Description = "The tenant.", Required = true, HelpName = "NAME" }.With(ObjectKind.Tenant);
        var name = new Option<string>("--name") { Description = "Name of the DataPlane that its cluster is here. Default: that of the tenant.", HelpName = "NAME" };
        var newCluster = new Option<bool>("--new-cluster") { Description = "Let another cluster than the one that joined before take its place." };
        var chartVolume = new Option<string>("--chart-volume") { Description = "Keep the charts that were fetched on a volume of this size, so that they outlive the pod. Default: for as long as the pod.", HelpName = "SIZE" };
        chartVolume.Validators.Add(result =>
        {
            if (result.Tokens is [{ } size, ..] && !Quantity.TryParse(size.Value, out _))
            {
                result.AddError($"--chart-volume: '{size.Value}' is no amount such as 1Gi");
            }
        });
        ObjectField labels = ObjectField.Pairs("--labels", "metadata.labels", "Labels of the DataPlane, for placements and values.");
        labels.Option.Aliases.Add("--label");
        InvitationOutput output = InvitationOutput.AddTo(command);
        command.Add(tenant);
        command.Add(name);
        command.Add(labels.Option);
        command.Add(newCluster);
        command.Add(chartVolume);
        command.SetAction(async (parsed, ct) =>
        {
            string owner = parsed.GetValue(tenant)!;
            string dataPlane = parsed.GetValue(name) ?? owner;
            using KubeClient root = cluster.Connect(parsed);
            if (await root.FindServedAsync(OrreryResources.Tenants, "", owner, ct).ConfigureAwait(false) is null)
            {
                throw new CommandFailedException($"there is no tenant {owner}; make it first with 'orrery tenant create {owner}'");
            }

            var body = new JsonObject
            {
                ["apiVersion"] = OrreryResources.ApiVersion,
                ["kind"] = "DataPlane",
                ["metadata"] = new JsonObject { ["name"] = dataPlane },
                ["spec"] = new JsonObject { ["access"] = "Private", ["controlledBy"] = "Tenant", ["tenants"] = new JsonArray(owner) },
            };
            if (parsed.GetResult(labels.Option) is { Implicit: false })
            {
                await labels.Write(parsed, body, ct).ConfigureAwait(false);
            }

            InvitationDetails details = await output.ReadAsync(parsed, root, dataPlane, ct).ConfigureAwait(false);
            await EnsureAsync(root, dataPlane, owner, body, ct).ConfigureAwait(false);
            JoinToken token = await new InvitationWriter(root, TimeProvider.System).InviteAsync(dataPlane, parsed.GetValue(newCluster), ct).ConfigureAwait(false);
            Console.Write(PrivateManifest.Render(dataPlane, owner, details, token, parsed.GetValue(chartVolume)));
            return 0;
        });
        return command;
    }

    private static async Task EnsureAsync(KubeClient root, string dataPlane, string tenant, JsonObject body, CancellationToken cancellationToken)
    {
        KubeObject? present = await root.FindAsync(OrreryResources.DataPlanes, "", dataPlane, cancellationToken).ConfigureAwait(false);
        if (present is null)
        {
            await root.CreateAsync(OrreryResources.DataPlanes, "", body, cancellationToken).ConfigureAwait(false);
            return;
        }

        DataPlane found = DataPlane.From(present);
        if (!found.HasOwnControllers || !found.Tenants.SequenceEqual([tenant]))
        {
            throw new CommandFailedException($"data plane {dataPlane} is there and is not controlled by tenant {tenant}; say another name with --name");
        }
    }
}
