using System.CommandLine;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Commands.Objects;

/// <summary><c>orrery KIND set</c>: changes of objects what the options say and nothing else.</summary>
internal static class SetVerb
{
    private const int Attempts = 5;

    public static Command Create(ObjectKind kind, IReadOnlyList<ObjectField> fields)
    {
        var command = new Command("set", $"Change {kind.Kind} objects: what the options say, and nothing else.");
        ClusterOptions cluster = ClusterOptions.AddTo(command, kind.IsNamespaced);
        OutputOption output = OutputOption.AddTo(command, "text", "json", "yaml", "name");
        Argument<string[]> names = NameArgument.AtLeastOne(kind);
        Option<string> dryRun = CreateVerb.DryRun();
        ReadyWait? wait = ReadyWait.AddTo(command, kind);
        IReadOnlyList<ObjectField> all = [.. fields, ObjectField.Pairs("--labels", "metadata.labels", "Labels to add or change.")];
        command.Add(names);
        command.Add(dryRun);
        foreach (ObjectField field in all)
        {
            command.Add(field.Option);
        }

        command.Validators.Add(result =>
        {
            if (result.GetResult(names)?.Tokens.Any(t => t.Value.StartsWith('-')) != true && !all.Any(f => result.GetResult(f.Option) is { Implicit: false }))
            {
                result.AddError("say what to change: " + string.Join(", ", all.Select(f => f.Option.Name)));
            }
        });
        command.SetAction(async (parsed, ct) =>
        {
            var patch = new JsonObject();
            ObjectField[] given = [.. all.Where(f => parsed.GetResult(f.Option) is { Implicit: false })];
            foreach (ObjectField field in given)
            {
                await field.Write(parsed, patch, ct).ConfigureAwait(false);
            }

            KeyedList[] lists = [.. given.Select(f => f.Into).OfType<KeyedList>()];
            string mode = parsed.GetValue(dryRun)!;
            if (mode == "client" && lists.Length == 0)
            {
                Console.WriteLine(patch.ToJsonString());
                return 0;
            }

            using KubeClient client = cluster.Connect(parsed);
            string ns = kind.IsNamespaced ? cluster.Namespace(parsed, client) : "";
            var changed = new List<KubeObject>();
            int code = await GetVerb.EachAsync(parsed.GetValue(names)!.Distinct(StringComparer.Ordinal), async name =>
            {
                if (mode == "client")
                {
                    Console.WriteLine((await Missing.ExplainAsync(client, kind, ns, name, () => WholeAsync(client, kind, ns, name, patch, lists, _ => { }, ct), ct).ConfigureAwait(false)).ToJsonString());
                    return;
                }

                KubeObject now = await Missing.ExplainAsync(
                    client, kind, ns, name, () => ChangeAsync(client, kind, ns, name, patch, lists, _ => { }, ct, dryRun: mode == "server"), ct).ConfigureAwait(false);
                CreateVerb.Report(output.Of(parsed), kind, now, mode == "server" ? "changed (server dry run)" : "changed");
                changed.Add(now);
            }).ConfigureAwait(false);
            await Missing.WarnAsync(client, all, parsed, ct).ConfigureAwait(false);
            if (mode == "none" && wait is not null)
            {
                foreach (KubeObject now in changed)
                {
                    await wait.ForAsync(parsed, client, kind, now, ct).ConfigureAwait(false);
                }
            }

            return code;
        });
        return command;
    }

    /// <summary>Sends the patch. One that changes elements of a list says which making of the object it read, and begins anew when somebody else was faster.</summary>
    /// <param name="check">Throws where the patch has no place in an object whose lists are changed.</param>
    internal static async Task<KubeObject> ChangeAsync(
        KubeClient client, ObjectKind kind, string ns, string name, JsonObject patch, KeyedList[] lists, Action<KubeObject> check, CancellationToken ct, bool dryRun = false)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                JsonObject whole = await WholeAsync(client, kind, ns, name, patch, lists, check, ct).ConfigureAwait(false);
                return await client.PatchAsync(kind.Resource, ns, name, PatchKind.Merge, whole, ct, dryRun: dryRun).ConfigureAwait(false);
            }
            catch (StatusException e) when (e.IsConflict && lists.Length > 0 && attempt < Attempts)
            {
                // Read again.
            }
        }
    }

    /// <summary>The patch with the elements of lists that it leaves.</summary>
    private static async Task<JsonObject> WholeAsync(KubeClient client, ObjectKind kind, string ns, string name, JsonObject patch, KeyedList[] lists, Action<KubeObject> check, CancellationToken ct)
    {
        var whole = (JsonObject)patch.DeepClone();
        if (lists.Length > 0)
        {
            KubeObject present = await client.GetAsync(kind.Resource, ns, name, ct).ConfigureAwait(false);
            check(present);
            foreach (KeyedList list in lists)
            {
                list.Merge(present, whole);
            }

            ObjectField.Put(whole, "metadata.resourceVersion", JsonValue.Create(present.ResourceVersion));
        }

        return whole;
    }
}
