using System.CommandLine;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Commands.Objects;

namespace Orrery.Commands.DataPlanes;

/// <summary><c>orrery data-plane add</c>: makes a DataPlane and prints what its cluster needs to join.</summary>
internal static class AddVerb
{
    public static Command Create()
    {
        var command = new Command("add", "Make a DataPlane, and print a manifest for its cluster: with 'kubectl apply -f -' there, it joins. The token in it is good once, for 15 minutes.");
        ClusterOptions cluster = ClusterOptions.AddTo(command, namespaced: false);
        Argument<string?> name = NameArgument.New(ObjectKind.DataPlane, ArgumentArity.ExactlyOne);
        ObjectField[] fields =
        [
            ObjectField.Pairs("--labels", "metadata.labels", "Labels of the data plane, by which virtual sites select."),
            .. ObjectField.Access,
        ];
        InvitationOutput output = InvitationOutput.AddTo(command);
        command.Add(name);
        foreach (ObjectField field in fields)
        {
            command.Add(field.Option);
        }

        command.SetAction(async (parsed, ct) =>
        {
            var body = new JsonObject
            {
                ["apiVersion"] = OrreryResources.ApiVersion,
                ["kind"] = "DataPlane",
                ["metadata"] = new JsonObject { ["name"] = parsed.GetValue(name) },
                ["spec"] = new JsonObject(),
            };
            foreach (ObjectField field in fields.Where(f => parsed.GetResult(f.Option) is { Implicit: false }))
            {
                await field.Write(parsed, body, ct).ConfigureAwait(false);
            }

            using KubeClient root = cluster.Connect(parsed);
            string dataPlane = parsed.GetValue(name)!;
            InvitationDetails details = await output.ReadAsync(parsed, root, dataPlane, ct).ConfigureAwait(false);
            try
            {
                await root.CreateAsync(OrreryResources.DataPlanes, "", body, ct).ConfigureAwait(false);
            }
            catch (StatusException e) when (e.IsAlreadyExists)
            {
                throw new CommandFailedException($"{e.Message}; 'orrery data-plane token {dataPlane}' prints a manifest with another token for its cluster", e);
            }

            await Missing.WarnAsync(root, fields, parsed, ct).ConfigureAwait(false);
            await InvitationOutput.WriteAsync(details, root, dataPlane, newCluster: false, ct).ConfigureAwait(false);
            return 0;
        });
        return command;
    }
}
