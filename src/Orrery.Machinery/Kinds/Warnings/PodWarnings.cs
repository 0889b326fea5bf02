using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Warnings;

/// <summary>Pods and their templates. Upstream: <c>pkg/api/pod/warnings.go</c>.</summary>
internal static class PodWarnings
{
    private const string SeccompOfPod = "seccomp.security.alpha.kubernetes.io/pod";
    private const string SeccompOfContainer = "container.seccomp.security.alpha.kubernetes.io/";
    private const string AppArmorOfContainer = "container.apparmor.security.beta.kubernetes.io/";
    private const string NoSeccomp = "non-functional in v1.27+; use the \"seccompProfile\" field instead";
    private const string NoAppArmor = "deprecated since v1.30; use the \"appArmorProfile\" field instead";
    private const string NullSelector = "a null labelSelector results in matching no pod";

    private static readonly (string Key, string Why)[] OldAnnotations =
    [
        ("scheduler.alpha.kubernetes.io/critical-pod", "non-functional in v1.16+; use the \"priorityClassName\" field instead"),
        ("security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
        ("security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
    ];

    public static IReadOnlyList<string> OfPod(JsonObject pod) => Of(pod, "");

    public static IReadOnlyList<string> OfTemplate(JsonObject? template, string path) => template is null ? [] : Of(template, path + ".");

    /// <param name="at">What stands before <c>metadata</c> and <c>spec</c>.</param>
    private static IReadOnlyList<string> Of(JsonObject pod, string at)
    {
        if (pod.Child("spec") is not { } spec)
        {
            return [];
        }

        string path = at + "spec";
        (string Path, JsonObject Container)[] containers =
            [.. ((string[])["initContainers", "containers", "ephemeralContainers"]).SelectMany(member => spec.Items(member).Select((c, i) => ($"{path}.{member}[{i}]", c)))];
        JsonObject annotations = pod.NodeAt("metadata", "annotations") as JsonObject ?? [];
        return
        [
            .. OfPlaces(spec, path),
            .. OldAnnotations.Where(a => annotations.ContainsKey(a.Key)).Select(a => $"{at}metadata.annotations[{a.Key}]: {a.Why}"),
            .. spec.Items("volumes").SelectMany((v, i) => (string[])
            [
                .. VolumeWarnings.OfSource(v, $"{path}.volumes[{i}]"),
                .. VolumeWarnings.OfClaim(v.Child("ephemeral")?.Child("volumeClaimTemplate")?.Child("spec") ?? [], $"{path}.volumes[{i}].ephemeral.volumeClaimTemplate.spec"),
            ]),
            .. spec.Items("volumes").SelectMany(VolumeWarnings.OfFiles),
            .. Repeated(spec, "hostAliases", "ip", path),
            .. Repeated(spec, "imagePullSecrets", "name", path),
            .. spec.Items("imagePullSecrets").SelectMany((s, i) => s.Text("name").Length == 0 ? (string[])[$"{path}.imagePullSecrets[{i}].name: invalid empty name \"\""] : []),
            .. VolumeWarnings.OfBytes(spec.Child("overhead"), "memory", path + ".overhead"),
            .. VolumeWarnings.OfBytes(spec.Child("overhead"), "ephemeral-storage", path + ".overhead"),
            .. annotations.ContainsKey(SeccompOfPod) && !Secures(spec, "seccompProfile") ? (string[])[$"{at}metadata.annotations[{SeccompOfPod}]: {NoSeccomp}"] : [],
            .. containers.SelectMany(c => OfContainer(c.Container, c.Path, annotations, at, Secures(spec, "appArmorProfile"))),
            .. OfPorts(containers),
            .. OfPortNames(containers),
            .. spec.NumberAt("terminationGracePeriodSeconds") < 0 ? (string[])[$"{path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"] : [],
            .. OfAffinity(spec, "podAffinity", path),
            .. OfAffinity(spec, "podAntiAffinity", path),
            .. (spec.Child("dnsConfig")?.Texts("nameservers") ?? []).SelectMany((a, i) => AddressWarnings.OfIp($"{path}.dnsConfig.nameservers[{i}]", a)),
            .. spec.Items("hostAliases").SelectMany((h, i) => AddressWarnings.OfIp($"{path}.hostAliases[{i}].ip", h.Text("ip"))),
        ];
    }

    /// <summary>Labels of nodes that have others in their place, and constraints that select no pod.</summary>
    private static IEnumerable<string> OfPlaces(JsonObject spec, string path)
    {
        JsonObject? affinity = spec.Child("affinity")?.Child("nodeAffinity");
        string at = path + ".affinity.nodeAffinity";
        return
        [
            .. NodeLabels.InSelector(spec.Child("nodeSelector"), path + ".nodeSelector"),
            .. (affinity?.Child("requiredDuringSchedulingIgnoredDuringExecution")?.Items("nodeSelectorTerms") ?? [])
                .SelectMany((t, i) => NodeLabels.InTerm(t, $"{at}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[{i}]")),
            .. (affinity?.Items("preferredDuringSchedulingIgnoredDuringExecution") ?? [])
                .SelectMany((t, i) => NodeLabels.InTerm(t.Child("preference") ?? [], $"{at}.preferredDuringSchedulingIgnoredDuringExecution[{i}].preference", checksValues: true)),
            .. spec.Items("topologySpreadConstraints").SelectMany((t, i) => (string[])
            [
                .. NodeLabels.Deprecated(t.Text("topologyKey")) is { } why ? (string[])[$"{path}.topologySpreadConstraints[{i}].topologyKey: {t.Text("topologyKey")} is {why}"] : [],
                .. t.Child("labelSelector") is null ? (string[])[$"{path}.topologySpreadConstraints[{i}].labelSelector: {NullSelector}"] : [],
            ]),
        ];
    }

    private static IEnumerable<string> OfContainer(JsonObject container, string path, JsonObject annotations, string at, bool podHasAppArmor)
    {
        string seccomp = SeccompOfContainer + container.Text("name"), appArmor = AppArmorOfContainer + container.Text("name");
        JsonObject? limits = container.Child("resources")?.Child("limits"), requests = container.Child("resources")?.Child("requests");
        return
        [
            .. annotations.ContainsKey(seccomp) && !Secures(container, "seccompProfile") ? (string[])[$"{at}metadata.annotations[{seccomp}]: {NoSeccomp}"] : [],
            .. annotations.ContainsKey(appArmor) && !podHasAppArmor && !Secures(container, "appArmorProfile") ? (string[])[$"{at}metadata.annotations[{appArmor}]: {NoAppArmor}"] : [],
            .. ((string[])["memory", "ephemeral-storage"]).SelectMany(name => (string[])
                [.. VolumeWarnings.OfBytes(limits, name, path + ".resources.limits"), .. VolumeWarnings.OfBytes(requests, name, path + ".resources.requests")]),
            .. OfEnvironment(container, path),
        ];
    }

    /// <summary>A variable that is said again, but for one that goes on from what it was.</summary>
    private static IEnumerable<string> OfEnvironment(JsonObject container, string path)
    {
        var before = new HashSet<string>(StringComparer.Ordinal);
        int i = 0;
        foreach (JsonObject variable in container.Items("env"))
        {
            string name = variable.Text("name"), value = variable.Text("value"), reference = $"$({name})";
            if (!before.Add(name) && (variable.Has("valueFrom") || value == reference || !value.Contains(reference, StringComparison.Ordinal)))
            {
                yield return $"{path}.env[{i}]: hides previous definition of \"{name}\", which may be dropped when using apply";
            }

            i++;
        }
    }

    private static IEnumerable<string> OfPorts((string Path, JsonObject Container)[] containers)
    {
        var seen = new List<(string Path, string Ip, long HostPort, string Port)>();
        foreach ((string path, JsonObject port) in Ports(containers))
        {
            string ip = port.Text("hostIP"), key = string.Create(CultureInfo.InvariantCulture, $"{port.NumberAt("containerPort") ?? 0}/{port.Text("protocol")}");
            long host = port.NumberAt("hostPort") ?? 0;
            if (ip.Length > 0 && host == 0)
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"{path}: hostIP set without hostPort: {{Name:{port.Text("name")} HostPort:0 ContainerPort:{port.NumberAt("containerPort") ?? 0} Protocol:{port.Text("protocol")} HostIP:{ip}}}");
            }

            foreach ((string otherPath, string otherIp, long otherHost, _) in seen.Where(s => s.Port == key))
            {
                string? how = ip == otherIp && host == otherHost ? "duplicate"
                    : host == 0 || otherHost == 0 ? "overlapping"
                    : host == otherHost && (ip.Length == 0) != (otherIp.Length == 0) ? "dangerously ambiguous"
                    : null;
                if (how is not null)
                {
                    yield return $"{path}: {how} port definition with {otherPath}";
                }
            }

            seen.Add((path, ip, host, key));
        }
    }

    private static IEnumerable<string> OfPortNames((string Path, JsonObject Container)[] containers)
    {
        var seen = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string path, JsonObject port) in Ports(containers))
        {
            if (port.Text("name") is { Length: > 0 } name && !seen.TryAdd(name, path))
            {
                yield return $"{path}: duplicate port name \"{name}\" with {seen[name]}, services and probes that select ports by name will use {seen[name]}";
            }
        }
    }

    private static IEnumerable<(string Path, JsonObject Port)> Ports((string Path, JsonObject Container)[] containers) =>
        containers.SelectMany(c => c.Container.Items("ports").Select((p, i) => ($"{c.Path}.ports[{i}]", p)));

    private static IEnumerable<string> OfAffinity(JsonObject spec, string kind, string path)
    {
        JsonObject affinity = spec.Child("affinity")?.Child(kind) ?? [];
        string at = $"{path}.affinity.{kind}";
        return
        [
            .. affinity.Items("requiredDuringSchedulingIgnoredDuringExecution").SelectMany((t, i) =>
                t.Child("labelSelector") is null ? (string[])[$"{at}.requiredDuringSchedulingIgnoredDuringExecution[{i}].labelSelector: {NullSelector}"] : []),
            .. affinity.Items("preferredDuringSchedulingIgnoredDuringExecution").SelectMany((t, i) =>
                t.Child("podAffinityTerm")?.Child("labelSelector") is null ? (string[])[$"{at}.preferredDuringSchedulingIgnoredDuringExecution[{i}].podAffinityTerm.labelSelector: {NullSelector}"] : []),
        ];
    }

    private static IEnumerable<string> Repeated(JsonObject spec, string list, string member, string path)
    {
        var before = new HashSet<string>(StringComparer.Ordinal);
        return spec.Items(list).SelectMany((item, i) => before.Add(item.Text(member)) ? (string[])[] : [$"{path}.{list}[{i}].{member}: duplicate {member} \"{item.Text(member)}\""]);
    }

    private static bool Secures(JsonObject of, string member) => of.Child("securityContext")?.Has(member) == true;
}
