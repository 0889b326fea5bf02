using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Warnings;

/// <summary>What clients are told of an object that is valid and yet hardly what they meant. Upstream: <c>WarningsOnCreate</c> and <c>WarningsOnUpdate</c> of <c>pkg/registry/*/strategy.go</c>.</summary>
public static class KindWarnings
{
    private const string OldStorageClass = "volume.beta.kubernetes.io/storage-class";
    private const string OldMountOptions = "volume.beta.kubernetes.io/mount-options";
    private const string OldIngressClass = "kubernetes.io/ingress.class";
    private const string MountableSecrets = "kubernetes.io/enforce-mountable-secrets";
    private const long ManyCompletions = 100_000, MuchParallelism = 10_000;

    /// <param name="o">Defaulted, with the generation that it gets.</param>
    /// <param name="old">Null for a new object.</param>
    public static IReadOnlyList<string> Of(GroupVersionKind kind, JsonObject o, JsonObject? old)
    {
        bool isNew = old is null, isOther = isNew || o.Generation != old!.Generation;
        JsonObject spec = o["spec"] as JsonObject ?? [];
        IEnumerable<string> warnings = (kind.Group, kind.Kind) switch
        {
            ("", "Pod") => isNew ? [.. NameOfAPod(o), .. PodWarnings.OfPod(o)] : [],
            ("", "PodTemplate") => isOther ? PodWarnings.OfTemplate(o.Child("template"), "template") : [],
            ("", "ReplicationController") or ("apps", "Deployment" or "ReplicaSet") => [.. isNew ? NameInPods(o) : [], .. isOther ? PodWarnings.OfTemplate(spec.Child("template"), "spec.template") : []],
            ("apps", "DaemonSet") => isOther ? PodWarnings.OfTemplate(spec.Child("template"), "spec.template") : [],
            ("apps", "StatefulSet") => [.. isOther ? PodWarnings.OfTemplate(spec.Child("template"), "spec.template") : [], .. OfStatefulSet(spec, isNew ? "" : ".Spec")],
            ("batch", "Job") => [.. isNew ? NameInPods(o) : [], .. isOther ? OfJob(spec, "spec") : []],
            ("batch", "CronJob") => [.. isNew ? NameInPods(o) : [], .. isOther ? OfJob(spec.Child("jobTemplate")?.Child("spec") ?? [], "spec.jobTemplate.spec") : [], .. isNew ? [] : OfSchedule(spec)],
            ("", "Service") => ServiceWarnings.Of(o, spec),
            ("", "Endpoints") => o.Items("subsets").SelectMany((s, i) => (string[])
                [.. OfAddresses(s.Items("addresses"), $"subsets[{i}].addresses"), .. OfAddresses(s.Items("notReadyAddresses"), $"subsets[{i}].notReadyAddresses")]),
            ("discovery.k8s.io", "EndpointSlice") => OfSlice(o),
            ("networking.k8s.io", "Ingress") => isNew && IsAnnotated(o, OldIngressClass) && !spec.Has("ingressClassName")
                ? [$"annotation \"{OldIngressClass}\" is deprecated, please use 'spec.ingressClassName' instead"] : [],
            ("networking.k8s.io", "NetworkPolicy") => [.. OfPeers(spec, "ingress", "from"), .. OfPeers(spec, "egress", "to")],
            ("", "PersistentVolume") => VolumeWarnings.OfVolume(o, spec),
            ("", "PersistentVolumeClaim") => [.. OfAnnotation(o, OldStorageClass, VolumeWarnings.OldClass), .. VolumeWarnings.OfClaim(spec, "spec")],
            ("storage.k8s.io", "StorageClass") => o.Items("allowedTopologies").SelectMany((t, i) => t.Items("matchLabelExpressions").SelectMany((e, j) =>
                NodeLabels.Deprecated(e.Text("key")) is { } why ? (string[])[$"allowedTopologies[{i}].matchLabelExpressions[{j}].key: {why}"] : [])),
            ("node.k8s.io", "RuntimeClass") => NodeLabels.InSelector(o.Child("scheduling")?.Child("nodeSelector"), "scheduling.nodeSelector"),
            ("", "Node") => [.. spec.Has("configSource") ? (string[])["spec.configSource: the feature is removed"] : [],
                .. spec.Text("externalID").Length > 0 ? (string[])["spec.externalID: this field is deprecated, and is unused by Kubernetes"] : []],
            ("", "ServiceAccount") => old is not null && IsAnnotated(old, MountableSecrets) ? []
                : OfAnnotation(o, MountableSecrets, "deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets"),
            _ => [],
        };
        return warnings as IReadOnlyList<string> ?? [.. warnings];
    }

    /// <summary>An annotation that does nothing any more, or soon nothing.</summary>
    internal static IEnumerable<string> OfAnnotation(JsonObject o, string key, string why) =>
        IsAnnotated(o, key) ? [$"metadata.annotations[{key}]: {why}"] : [];

    internal static IEnumerable<string> OfMountOptions(JsonObject o) => [.. OfAnnotation(o, OldStorageClass, VolumeWarnings.OldClass), .. OfAnnotation(o, OldMountOptions, "deprecated since v1.31; use \"mountOptions\" attribute instead")];

    private static string[] NameInPods(JsonObject o) => OfName(o, "this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended");

    private static string[] NameOfAPod(JsonObject o) => OfName(o, "this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended");

    private static string[] OfName(JsonObject o, string why) =>
        Names.CheckDns1123Label(o.Name) is { Count: > 0 } faults ? [$"metadata.name: {why}: [{string.Join(' ', faults)}]"] : [];

    /// <param name="member">What upstream's path has behind the place of a claim.</param>
    private static IEnumerable<string> OfStatefulSet(JsonObject spec, string member)
    {
        IEnumerable<string> ofClaims = spec.Items("volumeClaimTemplates").SelectMany((c, i) => VolumeWarnings.OfClaim(c.Child("spec") ?? [], $"spec.volumeClaimTemplates[{i}]{member}"));
        return spec.NumberAt("revisionHistoryLimit") < 0
            ? [.. ofClaims, "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"]
            : ofClaims;
    }

    private static IEnumerable<string> OfJob(JsonObject spec, string path)
    {
        bool isLarge = spec.Text("completionMode") == "Indexed" && spec.NumberAt("completions") > ManyCompletions && spec.NumberAt("parallelism") > MuchParallelism;
        return
        [
            .. isLarge ? (string[])[$"{path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail"] : [],
            .. PodWarnings.OfTemplate(spec.Child("template"), path + ".template"),
        ];
    }

    private static string[] OfSchedule(JsonObject spec) => spec.Text("schedule").Contains("TZ", StringComparison.Ordinal)
        ? ["cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"]
        : [];

    private static IEnumerable<string> OfAddresses(IEnumerable<JsonObject> addresses, string path) => addresses.SelectMany((a, i) => AddressWarnings.OfIp($"{path}[{i}].ip", a.Text("ip")));

    /// <summary>Addresses that controllers wrote are in order.</summary>
    private static IEnumerable<string> OfSlice(JsonObject o)
    {
        string manager = o.TextAt("metadata", "labels", "endpointslice.kubernetes.io/managed-by") ?? "";
        IEnumerable<string> ofAddresses = manager is "endpointslice-controller.k8s.io" or "endpointslicemirroring-controller.k8s.io" || o.Text("addressType") == "FQDN" ? []
            : o.Items("endpoints").SelectMany((e, i) => e.Texts("addresses").SelectMany((a, j) => AddressWarnings.OfIp($"endpoints[{i}].addresses[{j}]", a)));
        return o.Text("addressType") == "FQDN" ? ["spec.addressType: FQDN endpoints are deprecated", .. ofAddresses] : ofAddresses;
    }

    private static IEnumerable<string> OfPeers(JsonObject spec, string direction, string member) =>
        spec.Items(direction).SelectMany((rule, i) => rule.Items(member).SelectMany((peer, j) => peer.Child("ipBlock") is { } block
            ? [
                .. AddressWarnings.OfCidr($"spec.{direction}[{i}].{member}[{j}].ipBlock.cidr", block.Text("cidr")),
                .. block.Texts("except").SelectMany((e, k) => AddressWarnings.OfCidr($"spec.{direction}[{i}].{member}[{j}].ipBlock.except[{k}]", e)),
            ]
            : (string[])[]));

    private static bool IsAnnotated(JsonObject o, string key) => o.NodeAt("metadata", "annotations") is JsonObject annotations && annotations.ContainsKey(key);
}
