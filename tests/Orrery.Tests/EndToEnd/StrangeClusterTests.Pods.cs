using System.Globalization;
using System.Text.Json.Nodes;

namespace Orrery.Tests.EndToEnd;

/// <content>A satellite that finds its cluster as one in a pod does, and is not told of changes there.</content>
public sealed partial class StrangeClusterTests
{
    private const string Workloads = "orrery-satellite-workloads";

    [Fact]
    public async Task InAPod_WhoseTokenIsRotated_AndThatMayNotWatch_PutsBackWhatWasChanged()
    {
        await PodFiles.RequireAsync();
        await MakeAsync("unwatched", "a");
        await MakeAsync("removed", "a");
        string role = await strange.Owner.RunAsync($"get clusterrole {Workloads} -o json");
        using PodFiles pod = strange.Pod();
        try
        {
            // 1. Its owner lets it read ConfigMaps, and not follow them; it has no kubeconfig.
            await strange.Owner.RunAsync("replace -f -", WithoutWatch(role));
            string first = await TokenAsync("first");
            await pod.PutAsync(first);
            double refused = await WatchesRefusedAsync();
            await strange.RestartAsync(pod);

            // 2. Nothing tells it of what is changed by hand: it looks.
            await HackAsync("unwatched");
            await Eventually.EqualsAsync("a", () => ValueAsync("unwatched"), Limit);
            await SaidAsync("DriftCorrected", "unwatched", "it was changed by hand: data.key; it is put back");
            await strange.Owner.RunAsync($"delete configmap removed -n {StrangeCluster.Mapped}");
            await Eventually.EqualsAsync("a", () => ValueAsync("removed"), Limit);
            Assert.True(await WatchesRefusedAsync() > refused, "nobody was refused a watch of ConfigMaps");
            await Eventually.ContainsAsync("watch configmaps", PermittedAsync, Limit);

            // 3. Another token is mounted and the former one ends, as its pod's would: it goes on with the other.
            await pod.PutAsync(await TokenAsync("second"));
            Assert.Equal("true", await TakenAsync(first));
            await strange.Owner.RunAsync("delete secret first -n orrery-system");
            Assert.Equal("", await TakenAsync(first));
            await HackAsync("unwatched");
            await Eventually.EqualsAsync("a", () => ValueAsync("unwatched"), Limit);
            await MakeAsync("rotated", "a");
        }
        finally
        {
            await strange.Owner.RunAsync("apply --server-side --force-conflicts -f -", Plain(role));
            await strange.RestartAsync();
            await strange.Owner.RunAsync("delete secret first second -n orrery-system --ignore-not-found");
        }

        await Eventually.MatchesAsync("^True ", PermittedAsync, Limit);
    }

    /// <summary>A token that is good as long as a Secret is there, as a pod's is as long as the pod is.</summary>
    private async Task<string> TokenAsync(string secret)
    {
        await strange.Owner.RunAsync($"create secret generic {secret} -n orrery-system");
        return (await strange.Owner.RunAsync($"create token orrery-satellite -n orrery-system --duration 2h --bound-object-kind Secret --bound-object-name {secret}")).Trim();
    }

    /// <summary>Whether the cluster takes a token: "true", or nothing.</summary>
    private Task<string> TakenAsync(string token) =>
        strange.Owner.RunAsync("create -o jsonpath={.status.authenticated} -f -", $$"""{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": "{{token}}"} }""");

    /// <summary>The role without the right to watch ConfigMaps; all else as it was.</summary>
    private static string WithoutWatch(string role)
    {
        JsonNode changed = JsonNode.Parse(Plain(role))!;
        var rules = changed["rules"]!.AsArray();
        JsonNode rule = rules.Single(r => r!["resources"]!.AsArray().Any(n => (string?)n == "configmaps"))!;
        JsonNode apart = rule.DeepClone();
        rule["resources"] = Without(rule["resources"]!, "configmaps");
        apart["resources"] = new JsonArray("configmaps");
        apart["verbs"] = Without(apart["verbs"]!, "watch");
        rules.Add(apart);
        return changed.ToJsonString();

        static JsonArray Without(JsonNode list, string left) => [.. list.AsArray().Where(n => (string?)n != left).Select(n => n!.DeepClone())];
    }

    /// <summary>To be written, whatever is there by then.</summary>
    private static string Plain(string read)
    {
        JsonNode plain = JsonNode.Parse(read)!;
        foreach (string field in (string[])["resourceVersion", "uid", "creationTimestamp", "managedFields"])
        {
            plain["metadata"]!.AsObject().Remove(field);
        }

        return plain.ToJsonString();
    }

    private async Task<double> WatchesRefusedAsync() => (await strange.Owner.RunAsync("get --raw /metrics")).Split('\n')
        .Where(l => l.StartsWith("apiserver_request_total{", StringComparison.Ordinal) && l.Contains("verb=\"WATCH\"", StringComparison.Ordinal)
            && l.Contains("resource=\"configmaps\"", StringComparison.Ordinal) && l.Contains("code=\"403\"", StringComparison.Ordinal))
        .Sum(l => double.Parse(l[(l.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    /// <summary>Whether the cluster lets its satellite do all, and what not.</summary>
    private Task<string> PermittedAsync() =>
        strange.Root.RunAsync($"get dataplane {StrangeCluster.Name} -o 'jsonpath={{range .status.conditions[?(@.type==\"Permitted\")]}}{{.status}} {{.message}}{{end}}'");
}
