using System.Text.RegularExpressions;

namespace Orrery.Tests.EndToEnd;

/// <summary>The metrics that docs/operations.md lists: each is there with its labels, none of ours is there that it does not list, and they move.</summary>
public sealed partial class MetricsTests(CommandTests.Small installed) : IClassFixture<CommandTests.Small>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Metrics_OfRoot_AreThoseOfTheDocumentAndMove()
    {
        Kubectl.Require();
        await installed.Root.RunAsync("apply -f -", """
            apiVersion: orrery.dev/v1alpha1
            kind: Tenant
            metadata: {name: measured}
            spec: {}
            ---
            apiVersion: orrery.dev/v1alpha1
            kind: Application
            metadata: {name: measured}
            spec: {}
            ---
            apiVersion: orrery.dev/v1alpha1
            kind: Release
            metadata: {name: measured-1}
            spec:
              application: measured
              version: 1.0.0
              bundle:
                manifests:
                  inline:
                    - apiVersion: apps/v1
                      kind: Deployment
                      metadata: {name: web}
                      spec:
                        selector: {matchLabels: {app: web}}
                        template:
                          metadata: {labels: {app: web}}
                          spec: {containers: [{name: web, image: "example.test/web:1", resources: {requests: {cpu: 100m, memory: 64Mi}}}]}
            """);
        await installed.Root.RunAsync("wait --for=condition=Ready tenant/measured release/measured-1 --timeout=120s");
        (await installed.OrreryAsync("install", "create", "web", "-n", "measured", "--application", "measured", "--release", "measured-1", "--data-planes", "solo")).Succeeded();

        // Of webhooks there is something to tell once one was called. Neither of these can be.
        await installed.Root.RunAsync("apply -f -", $"{Unreachable("Ignore")}\n---\n{Unreachable("Fail")}");
        await installed.Root.RunAsync("apply -f -", Measured("Ignore"));
        Assert.Contains("failed calling webhook", (await installed.Root.TryAsync("apply -f -", Measured("Fail"))).Error, StringComparison.Ordinal);
        await installed.Root.RunAsync("delete validatingwebhookconfigurations measured-ignore measured-fail");

        // 1. What is listed is there, once there is something to tell of.
        (string Name, string[] Labels)[] listed = Listed();
        Assert.Contains(listed, l => l.Name == "orrery_queue_depth");
        await Eventually.EqualsAsync("", async () => string.Join(' ', Missing(listed, Samples(await MetricsAsync()))), Limit);

        // 2. What is there of ours is listed.
        IReadOnlyDictionary<string, HashSet<string>> there = Samples(await MetricsAsync());
        Assert.Equal([], there.Keys.Where(n => n.StartsWith("orrery_", StringComparison.Ordinal)).Except(listed.Select(l => l.Name)).Order(StringComparer.Ordinal));

        // 3. They follow what happens.
        await Eventually.EqualsAsync(0.1, () => ValueAsync("orrery_tenant_requested{tenant=\"measured\",resource=\"cpu\"}"), Limit);
        await Eventually.EqualsAsync(1, () => ValueAsync("orrery_data_plane_tenants{data_plane=\"solo\"}"), Limit);
        double worked = await ValueAsync("orrery_reconcile_total{controller=\"tenants\",result=\"success\"}");
        Assert.InRange(worked, 1, double.MaxValue);
        (await installed.OrreryAsync("tenant", "set", "measured", "--suspended")).Succeeded();
        await Eventually.EqualsAsync(1.0, () => ValueAsync("orrery_tenants_suspended{status=\"True\"}"), Limit);
        await Eventually.HoldsAsync(async () => await ValueAsync("orrery_reconcile_total{controller=\"tenants\",result=\"success\"}") >= worked + 1, Limit);
        (await installed.OrreryAsync("tenant", "delete", "measured")).Succeeded();
        await Eventually.EqualsAsync(0.0, () => ValueAsync("orrery_works"), Limit);
    }

    private static string Unreachable(string policy) => $$$$"""
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingWebhookConfiguration
        metadata: {name: measured-{{{{policy.ToLowerInvariant()}}}}}
        webhooks:
          - name: {{{{policy.ToLowerInvariant()}}}}.measured.example.com
            clientConfig: {url: "https://127.0.0.1:1/"}
            failurePolicy: {{{{policy}}}}
            sideEffects: None
            admissionReviewVersions: [v1]
            objectSelector: {matchLabels: {measured: {{{{policy}}}}}}
            rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
        """;

    private static string Measured(string policy) => $$$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"measured-{{{{policy.ToLowerInvariant()}}}}","namespace":"default","labels":{"measured":"{{{{policy}}}}"}}}""";

    private static (string Name, string[] Labels)[] Listed() =>
        [.. Row().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "operations.md"))).Select(m => (
            m.Groups[1].Value, Labels: m.Groups[2].Value.Contains("the same", StringComparison.Ordinal) ? [] : m.Groups[2].Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)))];

    private static IEnumerable<string> Missing((string Name, string[] Labels)[] listed, IReadOnlyDictionary<string, HashSet<string>> there) =>
        from metric in listed
        where !there.TryGetValue(metric.Name, out HashSet<string>? labels) || !metric.Labels.All(labels.Contains)
        select metric.Name;

    /// <summary>Labels by family; the parts of a histogram are its.</summary>
    private static IReadOnlyDictionary<string, HashSet<string>> Samples(string text)
    {
        var found = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        foreach (Match sample in Sample().Matches(text))
        {
            string whole = sample.Groups[1].Value, name = HistogramPart().Replace(whole, "");

            // Counters of upstream's end so, too.
            name = text.Contains($"# TYPE {name} histogram\n", StringComparison.Ordinal) ? name : whole;
            found.TryAdd(name, new HashSet<string>(StringComparer.Ordinal));
            found[name].UnionWith(Label().Matches(sample.Groups[2].Value).Select(l => l.Groups[1].Value));
        }

        return found;
    }

    private async Task<string> MetricsAsync() => await installed.Root.RunAsync("get --raw /metrics");

    private async Task<double> ValueAsync(string sample)
    {
        string? line = (await MetricsAsync()).Split('\n').FirstOrDefault(l => l.StartsWith(sample + " ", StringComparison.Ordinal));
        return line is null ? double.NaN : double.Parse(line[(sample.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"^\| `([a-z_]+)` \|([^|]*)\|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"^([a-z_]+)(\{[^}]*\})? [0-9]", RegexOptions.Multiline)]
    private static partial Regex Sample();

    [GeneratedRegex("([a-z_]+)=\"")]
    private static partial Regex Label();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex HistogramPart();
}
