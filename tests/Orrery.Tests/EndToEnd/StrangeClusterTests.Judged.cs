using System.Text.Json.Nodes;

namespace Orrery.Tests.EndToEnd;

/// <content>How what was applied is judged by what controllers of the cluster say of it: there are none, so that what each of them would write is written by hand.</content>
public sealed partial class StrangeClusterTests
{
    private const string Judged = """
        {"apiVersion": "v1", "kind": "List", "items": [
         {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "judged"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"} } } },
         {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "judged"}, "spec": {"type": "LoadBalancer", "selector": {"app": "judged"}, "ports": [{"port": 80}]} },
         {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "judged"}, "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "c:1"}]} } } },
         {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "judged"}, "spec": {"selector": {"matchLabels": {"app": "judged"} },
          "template": {"metadata": {"labels": {"app": "judged"} }, "spec": {"containers": [{"name": "c", "image": "c:1"}]} } } },
         {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "judged"}, "spec": {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "none"} } },
         {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "judged"}, "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "judged"} } } }]}
        """;

    private const string WidgetDefinition = """
        {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "widgets.judged.example.org"},
         "spec": {"group": "judged.example.org", "scope": "Namespaced", "names": {"kind": "Widget", "listKind": "WidgetList", "plural": "widgets", "singular": "widget"},
                  "versions": [{"name": "v1", "served": true, "storage": true, "subresources": {"status": {} },
                                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}, "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true} } } } }]} }
        """;

    private const string Widget = """{"apiVersion": "judged.example.org/v1", "kind": "Widget", "metadata": {"name": "judged", "namespace": "widgets"}, "spec": {"size": 1} }""";

    /// <summary>What a controller says, and how the object is judged by it; one kind after the other, without anything said at first.</summary>
    private static readonly (string Kind, (string Status, string Judged)[] Steps)[] Judgements =
    [
        ("PersistentVolumeClaim", [("", "False NotBound"), ("""{"phase": "Pending"}""", "False NotBound"), ("""{"phase": "Bound"}""", "True Bound"), ("""{"phase": "Lost"}""", "False NotBound")]),
        ("Service", [("", "False AddressPending"), ("""{"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]} }""", "True AddressAssigned"), ("""{"loadBalancer": {"ingress": null} }""", "False AddressPending")]),
        ("Job",
        [
            ("", "False NotComplete"),
            ("""{"startTime": "2026-01-01T00:00:00Z", "active": 1}""", "False NotComplete"),
            ("""
             {"active": 0, "failed": 1, "conditions": [
              {"type": "FailureTarget", "status": "True", "reason": "BackoffLimitExceeded", "message": "it has reached the limit", "lastTransitionTime": "2026-01-01T00:00:00Z"},
              {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "it has reached the limit", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}
             """, "False JobFailed"),
        ]),
        ("DaemonSet",
        [
            ("", "False NotObserved"),
            ("""{"observedGeneration": 1, "desiredNumberScheduled": 2, "currentNumberScheduled": 2, "updatedNumberScheduled": 2, "numberReady": 1, "numberAvailable": 1, "numberMisscheduled": 0}""", "False MinimumUnavailable"),
            ("""{"numberReady": 2, "numberAvailable": 2, "updatedNumberScheduled": 1}""", "False RollingOut"),
            ("""{"updatedNumberScheduled": 2}""", "True MinimumAvailable"),
        ]),
        ("HorizontalPodAutoscaler", [("""{"observedGeneration": 1, "currentReplicas": 1, "desiredReplicas": 2}""", "True Exists")]),
        ("PodDisruptionBudget",
        [
            ("", "False NotObserved"),
            ("""{"observedGeneration": 1, "expectedPods": 2, "currentHealthy": 1, "desiredHealthy": 2, "disruptionsAllowed": 0}""", "True BudgetNotMet"),
            ("""{"conditions": [{"type": "DisruptionAllowed", "status": "False", "reason": "SyncFailed", "message": "no controller", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}""", "False SyncFailed"),
            ("""{"conditions": null, "currentHealthy": 2}""", "True BudgetMet"),
        ]),
    ];

    /// <summary>The same of a custom resource, whose last word its installation is Ready by.</summary>
    private static readonly (string Status, string Judged)[] WidgetJudgements =
    [
        ("", "True Exists"),
        ("""{"observedGeneration": 0}""", "False NotObserved"),
        ($$"""{"observedGeneration": 1, "conditions": [{{Said("Reconciling", "True", "Working")}}, {{Said("Ready", "True", "Fine")}}]}""", "False Working"),
        ($$"""{"conditions": [{{Said("Stalled", "True", "Broken")}}, {{Said("Ready", "True", "Fine")}}]}""", "False Broken"),
        ($$"""{"conditions": [{{Said("Reconciling", "False", "Done")}}, {{Said("Stalled", "False", "Well")}}, {{Said("Ready", "False", "Waiting")}}]}""", "False Waiting"),
        ($$"""{"conditions": [{{Said("Ready", "Unknown", "Asking")}}]}""", "Unknown Asking"),
        ($$"""{"conditions": [{{Said("Ready", "True", "Former", 0)}}]}""", "False NotObserved"),
        ($$"""{"conditions": [{{Said("Ready", "True", "Fine", 1)}}]}""", "True Fine"),
    ];

    [Fact]
    public async Task StatusOfAnyKind_IsJudgedAsKstatusHasIt()
    {
        // 1. Kubernetes' own kinds.
        await strange.Tenant.RunAsync("apply -f -", Judged);
        await Task.WhenAll(Judgements.Select(j => JudgeAsync(j.Kind, StrangeCluster.Mapped, j.Steps)));

        // 2. A kind that nobody knows, by what all controllers agree on; and the installation that it is of.
        await strange.Owner.RunAsync("apply -f -", WidgetDefinition);
        await strange.Owner.RunAsync("apply -f -", """
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "satellite-widgets", "labels": {"orrery.dev/satellite": "true"} },
             "rules": [{"apiGroups": ["judged.example.org"], "resources": ["*"], "verbs": ["*"]}]}
            """);
        await strange.Root.RunAsync("apply -f -", $$$"""
            {"apiVersion": "v1", "kind": "List", "items": [
             {"apiVersion": "orrery.dev/v1alpha1", "kind": "Application", "metadata": {"name": "widgets"}, "spec": {} },
             {"apiVersion": "orrery.dev/v1alpha1", "kind": "Release", "metadata": {"name": "widgets-1"}, "spec": {"application": "widgets", "version": "1.0.0", "bundle": {"manifests": {"inline": [
              {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "widgets"} }, {{{Widget}}}]} } } },
             {"apiVersion": "orrery.dev/v1alpha1", "kind": "Installation", "metadata": {"name": "widgets", "namespace": "default"},
              "spec": {"application": "widgets", "release": "widgets-1", "scope": "DataPlane", "placement": {"dataPlanes": ["{{{StrangeCluster.Name}}}"]} } }]}
            """);
        await JudgeAsync("Widget", "widgets", WidgetJudgements[..^1]);
        await Eventually.EqualsAsync("False", WidgetsReadyAsync, Limit);
        await JudgeAsync("Widget", "widgets", WidgetJudgements[^1..]);
        await Eventually.EqualsAsync("True", WidgetsReadyAsync, Limit);

        // 3. Changed since: nobody has looked at it.
        await strange.Owner.RunAsync("patch widget judged -n widgets --type=merge -p {\"spec\":{\"more\":true}}");
        await Eventually.EqualsAsync("False NotObserved", () => JudgedAsync("Widget"), Limit);
    }

    private static string Said(string type, string status, string reason, int? generation = null) =>
        $$"""{"type": "{{type}}", "status": "{{status}}", "reason": "{{reason}}", "message": "so it is"{{(generation is { } known ? $", \"observedGeneration\": {known}" : "")}}}""";

    private async Task JudgeAsync(string kind, string ns, (string Status, string Judged)[] steps)
    {
        await Eventually.HoldsAsync(async () => (await strange.Owner.TryAsync($"get {kind} judged -n {ns}")).ExitCode == 0, Limit);
        foreach ((string status, string judged) in steps)
        {
            if (status.Length > 0)
            {
                await strange.Owner.RunAsync($"patch {kind} judged -n {ns} --subresource=status --type=merge --patch-file=/dev/stdin", $$"""{"status": {{status}} }""");
            }

            await Eventually.EqualsAsync($"{kind} {judged}", async () => $"{kind} {await JudgedAsync(kind)}", Limit);
        }
    }

    /// <summary>What the Work for the object of this kind says.</summary>
    private async Task<string> JudgedAsync(string kind)
    {
        JsonNode works = JsonNode.Parse(await strange.Root.RunAsync($"get works -n dp-{StrangeCluster.Name} -o json"))!;
        JsonNode? work = works["items"]!.AsArray().SingleOrDefault(w => (string?)w!["spec"]?["manifest"]?["kind"] == kind && (string?)w["spec"]!["manifest"]!["metadata"]!["name"] == "judged");
        return work?["status"]?["conditions"]?.AsArray().FirstOrDefault(c => (string?)c!["type"] == "Available") is { } told ? $"{told["status"]} {told["reason"]}" : "";
    }

    private Task<string> WidgetsReadyAsync() => strange.Root.RunAsync("get installation widgets -o 'jsonpath={range .status.conditions[?(@.type==\"Ready\")]}{.status}{end}'");
}
