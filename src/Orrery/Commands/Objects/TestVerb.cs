using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Commands.Objects;

/// <summary><c>orrery installation test NAME</c>: runs the tests of the release in force in every data plane, and tells how they ended.</summary>
internal static class TestVerb
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(500);

    /// <summary>How long the last word may take.</summary>
    private static readonly TimeSpan Goodbye = TimeSpan.FromSeconds(5);

    public static Command Create()
    {
        var command = new Command("test", "Run the tests that the release's chart brings, in every data plane, and wait until they have ended. Exit code 1: one failed.");
        ClusterOptions cluster = ClusterOptions.AddTo(command, namespaced: true);
        Argument<string> name = NameArgument.One(ObjectKind.Installation);
        var timeout = new Option<int>("--timeout") { Description = "Seconds to wait.", DefaultValueFactory = _ => 300, HelpName = "SECONDS" }.Within(1, 86_400);
        var logs = new Option<bool>("--logs") { Description = "Print what the tests wrote, read from the data planes. Needs rights on works and dataplanes/proxy in root." };
        command.Add(name);
        command.Add(timeout);
        command.Add(logs);
        command.SetAction(async (parsed, ct) =>
        {
            using KubeClient client = cluster.Connect(parsed);
            return await RunAsync(client, cluster.Namespace(parsed, client), parsed.GetValue(name)!, TimeSpan.FromSeconds(parsed.GetValue(timeout)), parsed.GetValue(logs), TimeProvider.System, ct).ConfigureAwait(false);
        });
        return command;
    }

    private static async Task<int> RunAsync(KubeClient client, string ns, string name, TimeSpan timeout, bool logs, TimeProvider time, CancellationToken ct)
    {
        string run = time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture);
        var annotations = new JsonObject { [OrreryNames.TestAnnotation] = run };
        if (logs)
        {
            annotations[OrreryNames.KeepTestsAnnotation] = run;
        }

        KubeObject installation = await Missing.ExplainAsync(client, ObjectKind.Installation, ns, name, () => AnnotateAsync(client, ns, name, annotations, ct), ct).ConfigureAwait(false);
        if (!logs)
        {
            return Tell(await EndedAsync(client, installation, run, timeout, time, ct).ConfigureAwait(false));
        }

        try
        {
            List<KubeObject> planes = await EndedAsync(client, installation, run, timeout, time, ct).ConfigureAwait(false);
            foreach (KubeObject plane in planes)
            {
                await new TestLogs(client, Console.Out).PrintAsync(ns, name, plane.TextAt("name")!, ct).ConfigureAwait(false);
            }

            return Tell(planes);
        }
        finally
        {
            await LetGoAsync(client, ns, name, time).ConfigureAwait(false);
        }
    }

    /// <summary>What the tests left may go from here on. Done by one that is interrupted, too.</summary>
    private static async Task LetGoAsync(KubeClient client, string ns, string name, TimeProvider time)
    {
        using var limit = new CancellationTokenSource(Goodbye, time);
        try
        {
            await AnnotateAsync(client, ns, name, new JsonObject { [OrreryNames.KeepTestsAnnotation] = null }, limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is StatusException or HttpRequestException or OperationCanceledException or TimeoutException)
        {
            await Console.Error.WriteLineAsync($"Warning: what the tests left stays until they are run again: {e.Message}").ConfigureAwait(false);
        }
    }

    private static Task<KubeObject> AnnotateAsync(KubeClient client, string ns, string name, JsonObject annotations, CancellationToken ct) => client.PatchAsync(
        OrreryResources.Installations, ns, name, PatchKind.Merge, new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = annotations } }, ct);

    /// <returns>The data planes, once the tests have ended in all of them.</returns>
    private static async Task<List<KubeObject>> EndedAsync(KubeClient client, KubeObject installation, string run, TimeSpan timeout, TimeProvider time, CancellationToken ct)
    {
        long began = time.GetTimestamp();
        while (true)
        {
            List<KubeObject> planes = installation.At("status", "dataPlanes") is { ValueKind: JsonValueKind.Array } found ? [.. found.EnumerateArray().Select(p => new KubeObject(p))] : [];
            if (planes.Count > 0 && planes.TrueForAll(p => p.TextAt("test", "run") == run && p.TextAt("test", "phase") is "Succeeded" or "Failed"))
            {
                return planes;
            }

            if (time.GetElapsedTime(began) > timeout)
            {
                string open = string.Join("; ", planes.Where(p => p.TextAt("test", "run") != run || p.TextAt("test", "phase") == "Running")
                    .Select(p => $"{p.TextAt("name")}: {(p.TextAt("test", "run") == run ? p.TextAt("test", "message") : $"{p.TextAt("phase")}, {p.TextAt("message")}")}"));
                throw new CommandFailedException($"the tests of {installation.Namespace}/{installation.Name} have not ended after {timeout.TotalSeconds:0} s: {(planes.Count == 0 ? "it runs in no data plane" : open)}");
            }

            await Task.Delay(Pace, time, ct).ConfigureAwait(false);
            installation = await client.GetAsync(OrreryResources.Installations, installation.Namespace, installation.Name, ct).ConfigureAwait(false);
        }
    }

    private static int Tell(List<KubeObject> planes)
    {
        foreach (KubeObject plane in planes)
        {
            Console.WriteLine($"{plane.TextAt("name")}: {plane.TextAt("test", "phase")}: {plane.TextAt("test", "message")}");
        }

        return planes.Exists(p => p.TextAt("test", "phase") == "Failed") ? 1 : 0;
    }
}
