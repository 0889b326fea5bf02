using System.CommandLine;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Commands.Objects;
using Orrery.Satellite.Recording;

namespace Orrery.Commands;

/// <summary><c>orrery satellite-log</c>: for a cluster's owner, what its satellite did there, and whether that record is whole.</summary>
internal static class SatelliteLogCommand
{
    public static Command Create()
    {
        var command = new Command("satellite-log", "Print what the satellite of a cluster did there, a line of JSON each, or verify that record. Wants the kubeconfig of that cluster.");
        ClusterOptions options = ClusterOptions.AddTo(command, namespaced: false);
        var verify = new Option<bool>("--verify") { Description = "Say whether each line follows from the one before, and where the record ends; fails when it is not whole." };
        var head = new Option<string>("--head") { Description = "With --verify: where the record ended at an earlier time, as that said. It must still lead through there.", HelpName = "NUMBER:HASH" };
        command.Add(verify);
        command.Add(head);
        command.Validators.Add(result =>
        {
            if (result.GetValue(head) is { } text && (!result.GetValue(verify) || RecordHead.Parse(text) is null))
            {
                result.AddError("--head: want NUMBER:HASH, as 'orrery satellite-log --verify' prints it, and --verify");
            }
        });
        command.SetAction(async (parsed, ct) =>
        {
            using KubeClient cluster = options.Connect(parsed);
            IReadOnlyList<RecordPart> parts = await RecordReader.ReadAsync(cluster, ct).ConfigureAwait(false);
            if (parts.Count == 0 && !await MayHaveSatelliteAsync(cluster, ct).ConfigureAwait(false))
            {
                throw new CommandFailedException($"no satellite works in the cluster at {cluster.Config.Server}: it has no namespace {JoinNames.SystemNamespace}; name the kubeconfig of one with --kubeconfig");
            }

            if (parsed.GetValue(verify))
            {
                return Verify(parts, parsed.GetValue(head) is { } known ? RecordHead.Parse(known) : null);
            }

            foreach (RecordPart part in parts)
            {
                await Console.Out.WriteAsync(part.Content.AsMemory(), ct).ConfigureAwait(false);
            }

            return 0;
        });
        return command;
    }

    private static async Task<bool> MayHaveSatelliteAsync(KubeClient cluster, CancellationToken cancellationToken)
    {
        try
        {
            return await cluster.FindAsync(ObjectKind.Namespace.Resource, "", JoinNames.SystemNamespace, cancellationToken).ConfigureAwait(false) is not null;
        }
        catch (StatusException e) when (e.Code == 403)
        {
            // Who may read the record alone cannot know.
            return true;
        }
    }

    private static int Verify(IReadOnlyList<RecordPart> parts, RecordHead? known)
    {
        RecordVerdict verdict = RecordVerdict.Of(parts, known);
        if (verdict.Break is { } fault)
        {
            throw new CommandFailedException($"the record is not whole: {fault}");
        }

        Console.WriteLine(verdict.Head is { } head ? $"lines {verdict.First} to {head.Number} are whole\nhead {head}" : "nothing is recorded yet");
        return 0;
    }
}
