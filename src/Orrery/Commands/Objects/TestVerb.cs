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

    public static Command Create()
    {
        var command = new Command("test", "Run the tests that the release's chart brings, in every data plane, and wait until they have ended. Exit code 1: one failed.");
        ClusterOptions cluster = ClusterOptions.AddTo(command, namespaced: true);
        Argument<string> name = NameArgument.One(ObjectKind.Installation);
        var timeout = new Option<int>("--timeout") { Description = "Seconds to wait for.", DefaultValueFactory = _ => 300, HelpName = "N" };
        timeout.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 86_400)
            {
                result.AddError("--timeout: want 1 to 86400");
            }
        });
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
        long began = time.GetTimestamp();
        string run = time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture);
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [OrreryNames.TestAnnotation] = run } } };
        KubeObject installation = await Missing.ExplainAsync(
            client, ObjectKind.Installation, ns, name, () => client.PatchAsync(OrreryResources.Installations, ns, name, PatchKind.Merge, patch, ct), ct).ConfigureAwait(false);
        while (true)
        {
            List<KubeObject> planes = installation.At("status", "dataPlanes") is { ValueKind: JsonValueKind.Array } found ? [.. found.EnumerateArray().Select(p => new KubeObject(p))] : [];
            if (planes.Count > 0 && planes.TrueForAll(p => p.TextAt("test", "run") == run && p.TextAt("test", "phase") is "Succeeded" or "Failed"))
            {
                foreach (KubeObject plane in logs ? planes : [])
                {
                    await new TestLogs(client, Console.Out).PrintAsync(ns, name, plane.TextAt("name")!, ct).ConfigureAwait(false);
                }

                return Tell(planes);
            }

            if (time.GetElapsedTime(began) > timeout)
            {
                string open = string.Join("; ", planes.Where(p => p.TextAt("test", "run") != run || p.TextAt("test", "phase") == "Running")
                    .Select(p => $"{p.TextAt("name")}: {(p.TextAt("test", "run") == run ? p.TextAt("test", "message") : $"{p.TextAt("phase")}, {p.TextAt("message")}")}"));
                throw new CommandFailedException($"the tests of {ns}/{name} have not ended after {timeout.TotalSeconds:0} s: {(planes.Count == 0 ? "it runs in no data plane" : open)}");
            }

            await Task.Delay(Pace, time, ct).ConfigureAwait(false);
            installation = await client.GetAsync(OrreryResources.Installations, ns, name, ct).ConfigureAwait(false);
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
