using System.CommandLine;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Commands.Objects;

/// <summary><c>orrery KIND set</c>: changes of one object what the options say and nothing else.</summary>
internal static class SetVerb
{
    public static Command Create(ObjectKind kind, IReadOnlyList<ObjectField> fields)
    {
        var command = new Command("set", $"Change {kind.Article} {kind.Kind}: what the options say, and nothing else.");
        ClusterOptions cluster = ClusterOptions.AddTo(command, kind.IsNamespaced);
        OutputOption output = OutputOption.AddTo(command, "text", "json", "yaml", "name");
        Argument<string> name = NameArgument.One(kind);
        Option<string> dryRun = CreateVerb.DryRun();
        ReadyWait? wait = ReadyWait.AddTo(command, kind);
        IReadOnlyList<ObjectField> all = [.. fields, ObjectField.Pairs("--labels", "metadata.labels", "Labels to add or change.")];
        command.Add(name);
        command.Add(dryRun);
        foreach (ObjectField field in all)
        {
            command.Add(field.Option);
        }

        command.Validators.Add(result =>
        {
            if (!all.Any(f => result.GetResult(f.Option) is { Implicit: false }))
            {
                result.AddError("say what to change: " + string.Join(", ", all.Select(f => f.Option.Name)));
            }
        });
        command.SetAction(async (parsed, ct) =>
        {
            var patch = new JsonObject();
            foreach (ObjectField field in all.Where(f => parsed.GetResult(f.Option) is { Implicit: false }))
            {
                await field.Write(parsed, patch, ct).ConfigureAwait(false);
            }

            string mode = parsed.GetValue(dryRun)!;
            if (mode == "client")
            {
                Console.WriteLine(patch.ToJsonString());
                return 0;
            }

            using KubeClient client = cluster.Connect(parsed);
            string ns = kind.IsNamespaced ? cluster.Namespace(parsed, client) : "";
            string which = parsed.GetValue(name)!;
            KubeObject changed = await Missing.ExplainAsync(
                client, kind, ns, which, () => client.PatchAsync(kind.Resource, ns, which, PatchKind.Merge, patch, ct, dryRun: mode == "server"), ct).ConfigureAwait(false);
            CreateVerb.Report(output.Of(parsed), kind, changed, mode == "server" ? "changed (server dry run)" : "changed");
            await Missing.WarnAsync(client, all, parsed, ct).ConfigureAwait(false);
            if (mode == "none" && wait is not null)
            {
                await wait.ForAsync(parsed, client, kind, changed, ct).ConfigureAwait(false);
            }

            return 0;
        });
        return command;
    }
}
