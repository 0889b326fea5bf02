using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using Orrery.Api;
using Orrery.Client;
using Orrery.Installation;

namespace Orrery.Commands.Objects;

/// <summary><c>--wait</c>: stays until what was made or changed is ready, tells how far it is, and fails when it failed.</summary>
internal sealed class ReadyWait
{
    private static readonly ObjectKind[] Kinds = [ObjectKind.Installation, ObjectKind.Tenant, ObjectKind.Release, ObjectKind.VirtualCluster];

    /// <summary>Reasons of a failure that may pass by itself within moments: what is named was made just now.</summary>
    private static readonly string[] Passing = ["NoApplication", "NoRelease", "ReleaseNotReady"];

    private readonly Option<bool> wait = new("--wait") { Description = "Wait until it is ready; exit code 1 when it fails or takes too long." };
    private readonly Option<int> timeout = new Option<int>("--timeout") { Description = "With --wait: seconds to wait.", DefaultValueFactory = _ => 300, HelpName = "SECONDS" }.Within(1, 86_400);

    private ReadyWait()
    {
    }

    /// <returns>Null for a kind that is never ready or not.</returns>
    public static ReadyWait? AddTo(Command command, ObjectKind kind)
    {
        if (!Kinds.Contains(kind))
        {
            return null;
        }

        var option = new ReadyWait();
        command.Add(option.wait);
        command.Add(option.timeout);
        command.Validators.Add(option.Check);
        return option;
    }

    /// <summary>Waits when that was asked for.</summary>
    /// <param name="written">As the server answered.</param>
    /// <exception cref="CommandFailedException">It failed, is gone, or is not ready in time; says why.</exception>
    public async Task ForAsync(ParseResult parsed, KubeClient client, ObjectKind kind, KubeObject written, CancellationToken ct)
    {
        if (!parsed.GetValue(wait))
        {
            return;
        }

        string told = "", name = kind.NameOf(written.Name);
        var patience = TimeSpan.FromSeconds(parsed.GetValue(timeout));
        try
        {
            await Waiting.UntilAsync($"{name} to be ready", patience, TimeProvider.System, async () =>
            {
                KubeObject? now = await client.FindAsync(kind.Resource, written.Namespace, written.Name, ct).ConfigureAwait(false);
                Progress progress = now is null || now.Uid != written.Uid ? new Progress(false, "", $"{name} was deleted") : Of(now, written.Generation);
                if (progress.Failure is { } failure)
                {
                    throw new CommandFailedException($"{name} {failure}");
                }

                if (progress.Message.Length > 0 && progress.Message != told)
                {
                    told = progress.Message;
                    await Console.Error.WriteLineAsync($"{name}: {told}").ConfigureAwait(false);
                }

                return progress.IsDone;
            }, ct).ConfigureAwait(false);
        }
        catch (CommandFailedException e) when (e.Message.StartsWith("waited", StringComparison.Ordinal) && told.Length > 0)
        {
            throw new CommandFailedException($"{e.Message}; it says: {told}", e);
        }
    }

    /// <summary>How far an object is with the change that made its generation at least that.</summary>
    internal static Progress Of(KubeObject now, long generation)
    {
        if (now.IsDeleting)
        {
            return new Progress(false, "", "is being deleted");
        }

        if ((now.NumberAt("status", "observedGeneration") ?? 0) < generation || Conditions.Find(now, "Ready") is not { } ready || ready.ObservedGeneration is { } seen && seen < generation)
        {
            return new Progress(false, "", null);
        }

        return ready.Status == Conditions.True ? new Progress(true, ready.Message, null)
            : now.TextAt("status", "phase") == "Failed" && !Passing.Contains(ready.Reason) ? new Progress(false, "", $"failed: {ready.Reason}: {ready.Message}")
            : IsHeld(now, ready.Reason) ? new Progress(false, "", $"waits, for longer than is waited for here: {ready.Message}")
            : new Progress(false, ready.Message, null);
    }

    /// <summary>Whether nothing is under way and nothing will be by itself for a while: it is suspended, or waits for a maintenance window.</summary>
    private static bool IsHeld(KubeObject now, string reason) => now.TextAt("status", "phase") == "Paused"
        || (reason == "OutsideMaintenanceWindow" && now.At("status", "dataPlanes") is { ValueKind: JsonValueKind.Array } planes
            && !planes.EnumerateArray().Any(p => new KubeObject(p).TextAt("phase") is "Checking" or "Installing" or "Upgrading"));

    private void Check(CommandResult result)
    {
        if (result.GetResult(timeout) is { Implicit: false } && !result.GetValue(wait))
        {
            result.AddError("--timeout goes with --wait");
        }
    }

    /// <param name="Message">What it says of itself; empty where it has said nothing of the change yet.</param>
    /// <param name="Failure">Why it will not become ready; null while it may.</param>
    internal readonly record struct Progress(bool IsDone, string Message, string? Failure);
}
