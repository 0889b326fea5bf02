using System.CommandLine;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Installation;

namespace Orrery.Commands.Objects;

/// <summary><c>orrery KIND delete</c>: deletes objects, and waits until they are gone.</summary>
internal static class DeleteVerb
{
    public static Command Create(ObjectKind kind)
    {
        var command = new Command("delete", $"Delete {kind.Kind} objects, and wait until they and what they made are gone.");
        ClusterOptions cluster = ClusterOptions.AddTo(command, kind.IsNamespaced);
        OutputOption output = OutputOption.AddTo(command, "text", "name");
        Argument<string[]> names = NameArgument.Many(kind);
        var selector = new Option<string>("--selector", "-l") { Description = "Delete those with these labels.", HelpName = "SELECTOR" };
        var all = new Option<bool>("--all") { Description = "Delete all of them." };
        var wait = new Option<bool>("--wait") { Description = "Wait until they are gone.", DefaultValueFactory = _ => true };
        var timeout = new Option<int>("--timeout") { Description = "Seconds to wait.", DefaultValueFactory = _ => 300, HelpName = "SECONDS" }.Within(1, 86_400);
        var missing = new Option<bool>("--ignore-not-found") { Description = "Count what does not exist as deleted." };
        foreach (Option option in (Option[])[selector, all, wait, timeout, missing])
        {
            command.Add(option);
        }

        command.Add(names);
        command.Validators.Add(result =>
        {
            int ways = (result.GetValue(names) is { Length: > 0 } ? 1 : 0) + (result.GetValue(selector) is null ? 0 : 1) + (result.GetValue(all) ? 1 : 0);
            if (ways != 1)
            {
                result.AddError("want names, --selector or --all");
            }
        });
        command.SetAction(async (parsed, ct) =>
        {
            using KubeClient client = cluster.Connect(parsed);
            string ns = kind.IsNamespaced ? cluster.Namespace(parsed, client) : "";
            var waiting = new List<(string Name, string Uid)>();
            IEnumerable<string> wanted = parsed.GetValue(names) is { Length: > 0 } named
                ? named.Distinct(StringComparer.Ordinal)
                : (await client.ListAsync(kind.Resource, ns, new ListQuery { LabelSelector = parsed.GetValue(selector) }, ct).ConfigureAwait(false)).Items.Select(i => i.Name);
            int code = await GetVerb.EachAsync(wanted, async name =>
            {
                if (await DeleteAsync(client, kind, ns, name, parsed.GetValue(missing), ct).ConfigureAwait(false) is { } uid)
                {
                    waiting.Add((name, uid));
                    Console.WriteLine(output.Of(parsed) == "name" ? kind.NameOf(name) : $"{kind.Resource.GroupResource} \"{name}\" deleted");
                }
            }).ConfigureAwait(false);
            if (parsed.GetValue(wait))
            {
                foreach ((string name, string uid) in waiting)
                {
                    await WaitAsync(client, kind, ns, name, uid, TimeSpan.FromSeconds(parsed.GetValue(timeout)), ct).ConfigureAwait(false);
                }
            }

            return code;
        });
        return command;
    }

    /// <returns>Its uid; null when it did not exist and need not have.</returns>
    private static async Task<string?> DeleteAsync(KubeClient client, ObjectKind kind, string ns, string name, bool mayBeMissing, CancellationToken ct)
    {
        KubeObject? found = mayBeMissing
            ? await client.FindAsync(kind.Resource, ns, name, ct).ConfigureAwait(false)
            : await Missing.ExplainAsync(client, kind, ns, name, () => client.GetAsync(kind.Resource, ns, name, ct), ct).ConfigureAwait(false);
        if (found is null)
        {
            return null;
        }

        await client.DeleteAsync(kind.Resource, ns, name, new DeleteQuery { Uid = found.Uid }, ct).ConfigureAwait(false);
        return found.Uid;
    }

    private static async Task WaitAsync(KubeClient client, ObjectKind kind, string ns, string name, string uid, TimeSpan patience, CancellationToken ct)
    {
        KubeObject? last = null;
        try
        {
            await Waiting.UntilAsync($"{kind.NameOf(name)} to be gone", patience, TimeProvider.System, async () =>
            {
                last = await client.FindAsync(kind.Resource, ns, name, ct).ConfigureAwait(false);
                return last is null || last.Uid != uid;
            }, ct).ConfigureAwait(false);
        }
        catch (CommandFailedException e) when (last is not null
            && (Conditions.Find(last, OrreryNames.RemovedCondition) ?? Conditions.Find(last, OrreryNames.InUseCondition) ?? Conditions.Find(last, OrreryNames.ReadyCondition)) is { Message.Length: > 0 } said)
        {
            throw new CommandFailedException($"{e.Message}; it says: {said.Message}", e);
        }
    }
}
