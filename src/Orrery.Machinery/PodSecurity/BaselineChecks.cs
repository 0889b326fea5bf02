using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;
using static Orrery.Machinery.PodSecurity.PodSecurityStandards;

namespace Orrery.Machinery.PodSecurity;

/// <summary>What the baseline forbids: ways known to lead out of a container.</summary>
internal static class BaselineChecks
{
    private const string AppArmorAnnotation = "container.apparmor.security.beta.kubernetes.io/";
    private const string SeccompPodAnnotation = "seccomp.security.alpha.kubernetes.io/pod";
    private const string SeccompContainerAnnotation = "container.seccomp.security.alpha.kubernetes.io/";

    private static readonly HashSet<string> NormalCapabilities = new(StringComparer.Ordinal)
    {
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    };

    private static readonly (int Since, string Name)[] SafeSysctls =
    [
        (0, "kernel.shm_rmid_forced"), (0, "net.ipv4.ip_local_port_range"), (0, "net.ipv4.tcp_syncookies"), (0, "net.ipv4.ping_group_range"), (0, "net.ipv4.ip_unprivileged_port_start"),
        (27, "net.ipv4.ip_local_reserved_ports"),
        (29, "net.ipv4.tcp_keepalive_time"), (29, "net.ipv4.tcp_fin_timeout"), (29, "net.ipv4.tcp_keepalive_intvl"), (29, "net.ipv4.tcp_keepalive_probes"),
        (32, "net.ipv4.tcp_rmem"), (32, "net.ipv4.tcp_wmem"),
    ];

    public static SecurityFinding? AppArmor(JsonObject metadata, JsonObject spec, int minor)
    {
        static string Type(JsonObject of) => Security(of)?.Child("appArmorProfile")?.Text("type") ?? "";
        static bool IsBad(JsonObject of) => Type(of) is not ("" or "RuntimeDefault" or "Localhost");

        string[] containers = Containers(spec, IsBad);
        List<string> setters = IsBad(spec) || containers.Length > 0 ? [Wording.Setters(IsBad(spec), containers)] : [];
        List<string> values = [.. Containers(spec).Prepend(spec).Where(IsBad).Select(Type).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        string[] annotations =
        [
            .. metadata.TextMap("annotations")
                .Where(a => a.Key.StartsWith(AppArmorAnnotation, StringComparison.Ordinal) && a.Value is not ("" or "runtime/default") && !a.Value.StartsWith("localhost/", StringComparison.Ordinal))
                .Select(a => $"{a.Key}=\"{a.Value}\"").Order(StringComparer.Ordinal),
        ];
        if (annotations.Length > 0)
        {
            setters.Add(Wording.Plural("annotation", "annotations", annotations.Length));
            values.AddRange(annotations);
        }

        return setters.Count == 0 ? null : new SecurityFinding(
            Wording.Plural("forbidden AppArmor profile", "forbidden AppArmor profiles", values.Count),
            $"{string.Join(" and ", setters)} must not set AppArmor profile type to {Wording.Quoted(values.Select(Escape))}");
    }

    public static SecurityFinding? Capabilities(JsonObject spec)
    {
        static IEnumerable<string> Extra(JsonObject container) => (Security(container)?.Child("capabilities")?.Texts("add") ?? []).Where(c => !NormalCapabilities.Contains(c));

        string[] containers = Containers(spec, c => Extra(c).Any());
        return containers.Length == 0 ? null : new SecurityFinding(
            "non-default capabilities",
            $"{Wording.Containers(containers)} must not include {Wording.Quoted(Sorted(Containers(spec).SelectMany(Extra)))} in securityContext.capabilities.add");
    }

    public static SecurityFinding? HostNamespaces(JsonObject spec)
    {
        string[] shared = [.. new[] { "hostNetwork", "hostPID", "hostIPC" }.Where(spec.Flag).Select(name => name + "=true")];
        return shared.Length == 0 ? null : new SecurityFinding("host namespaces", string.Join(", ", shared));
    }

    public static SecurityFinding? HostPaths(JsonObject spec)
    {
        string[] volumes = [.. spec.Items("volumes").Where(v => v.Has("hostPath")).Select(v => v.Text("name"))];
        return volumes.Length == 0 ? null : new SecurityFinding("hostPath volumes", $"{Wording.Plural("volume", "volumes", volumes.Length)} {Wording.Quoted(volumes)}");
    }

    public static SecurityFinding? HostPorts(JsonObject spec)
    {
        static IEnumerable<string> Ports(JsonObject container) =>
            container.Items("ports").Select(p => p.Number("hostPort") ?? 0).Where(p => p != 0).Select(p => p.ToString(CultureInfo.InvariantCulture));

        string[] containers = Containers(spec, c => Ports(c).Any());
        string[] ports = Sorted(Containers(spec).SelectMany(Ports));
        return containers.Length == 0 ? null : new SecurityFinding(
            "hostPort",
            $"{Wording.Containers(containers)} {Wording.Plural("uses", "use", containers.Length)} {Wording.Plural("hostPort", "hostPorts", ports.Length)} {string.Join(", ", ports)}");
    }

    public static SecurityFinding? ProbeHosts(JsonObject spec)
    {
        static IEnumerable<string> Hosts(JsonObject container) => new[] { "livenessProbe", "readinessProbe", "startupProbe" }.Select(container.Child)
            .Concat(new[] { "postStart", "preStop" }.Select(when => container.Child("lifecycle")?.Child(when)))
            .SelectMany(handler => new[] { "httpGet", "tcpSocket" }.Select(how => handler?.Child(how)?.Text("host") ?? ""))
            .Where(host => host.Length > 0);

        string[] containers = Containers(spec, c => Hosts(c).Any());
        string[] hosts = Sorted(Containers(spec).SelectMany(Hosts));
        return containers.Length == 0 ? null : new SecurityFinding(
            "hostProbesOrHostLifecycle",
            $"{Wording.Containers(containers)} {Wording.Plural("uses", "use", containers.Length)} {Wording.Plural("hostProbeOrHostLifecycle", "hostProbesOrHostLifecycles", hosts.Length)} {Wording.Quoted(hosts)}");
    }

    public static SecurityFinding? Privileged(JsonObject spec)
    {
        string[] containers = Containers(spec, c => Security(c)?.Flag("privileged") == true);
        return containers.Length == 0 ? null : new SecurityFinding("privileged", $"{Wording.Containers(containers)} must not set securityContext.privileged=true");
    }

    /// <summary>A pod in a user namespace of its own may see its own /proc (since 1.35).</summary>
    public static SecurityFinding? ProcMount(JsonObject spec, int minor)
    {
        static string Mount(JsonObject container) => Security(container)?.Text("procMount") ?? "";
        static bool IsBad(JsonObject container) => Mount(container) is not ("" or "Default");

        string[] containers = Containers(spec, IsBad);
        return containers.Length == 0 || (minor >= 35 && spec.FlagAt("hostUsers") == false) ? null : new SecurityFinding(
            "procMount", $"{Wording.Containers(containers)} must not set securityContext.procMount to {Wording.Quoted(Sorted(Containers(spec).Where(IsBad).Select(Mount)))}");
    }

    public static SecurityFinding? SeLinux(JsonObject spec, int minor)
    {
        bool IsAllowed(string type) => type is "" or "container_t" or "container_init_t" or "container_kvm_t" || (type == "container_engine_t" && minor >= 31);
        bool IsBad(JsonObject of) => Security(of)?.Child("seLinuxOptions") is { } options && (!IsAllowed(options.Text("type")) || options.Text("user").Length > 0 || options.Text("role").Length > 0);

        string[] containers = Containers(spec, IsBad);
        if (containers.Length == 0 && !IsBad(spec))
        {
            return null;
        }

        JsonObject[] bad = [.. Containers(spec).Prepend(spec).Where(IsBad).Select(o => Security(o)!.Child("seLinuxOptions")!)];
        string[] types = Sorted(bad.Select(o => o.Text("type")).Where(t => !IsAllowed(t)));
        var what = new List<string>();
        if (types.Length > 0)
        {
            what.Add($"{Wording.Plural("type", "types", types.Length)} {Wording.Quoted(types)}");
        }

        what.AddRange(new[] { "user", "role" }.Where(m => bad.Any(o => o.Text(m).Length > 0)).Select(m => m + " may not be set"));
        return new SecurityFinding("seLinuxOptions", $"{Wording.Setters(IsBad(spec), containers)} set forbidden securityContext.seLinuxOptions: {string.Join("; ", what)}");
    }

    /// <summary>Annotations said it up to 1.18, a field says it since 1.19.</summary>
    public static SecurityFinding? Seccomp(JsonObject metadata, JsonObject spec, int minor)
    {
        if (minor < 19)
        {
            string[] annotations =
            [
                .. metadata.TextMap("annotations")
                    .Where(a => (a.Key == SeccompPodAnnotation || a.Key.StartsWith(SeccompContainerAnnotation, StringComparison.Ordinal))
                        && a.Value is not ("" or "runtime/default" or "docker/default") && !a.Value.StartsWith("localhost/", StringComparison.Ordinal))
                    .Select(a => $"{a.Key}=\"{a.Value}\"").Order(StringComparer.Ordinal),
            ];
            return annotations.Length == 0 ? null : new SecurityFinding("seccompProfile", $"forbidden {Wording.Plural("annotation", "annotations", annotations.Length)} {string.Join(", ", annotations)}");
        }

        string[] containers = Containers(spec, IsUnconfined);
        if (containers.Length == 0 && !IsUnconfined(spec))
        {
            return null;
        }

        string[] types = Sorted(Containers(spec).Prepend(spec).Where(IsUnconfined).Select(SeccompType));
        return new SecurityFinding("seccompProfile", $"{Wording.Setters(IsUnconfined(spec), containers)} must not set securityContext.seccompProfile.type to {Wording.Quoted(types)}");
    }

    public static SecurityFinding? Sysctls(JsonObject spec, int minor)
    {
        string[] forbidden = [.. (Security(spec)?.Items("sysctls") ?? []).Select(s => s.Text("name")).Where(n => !SafeSysctls.Any(s => s.Name == n && s.Since <= minor)).Distinct(StringComparer.Ordinal)];
        return forbidden.Length == 0 ? null : new SecurityFinding("forbidden sysctls", string.Join(", ", forbidden));
    }

    public static SecurityFinding? WindowsHostProcess(JsonObject spec)
    {
        static bool IsBad(JsonObject of) => Security(of)?.Child("windowsOptions")?.Flag("hostProcess") == true;

        string[] containers = Containers(spec, IsBad);
        return containers.Length == 0 && !IsBad(spec) ? null : new SecurityFinding(
            "hostProcess", $"{Wording.Setters(IsBad(spec), containers)} must not set securityContext.windowsOptions.hostProcess=true");
    }

    internal static string SeccompType(JsonObject of) => Security(of)?.Child("seccompProfile")?.Text("type") ?? "";

    internal static bool IsUnconfined(JsonObject of) => SeccompType(of) is not ("" or "RuntimeDefault" or "Localhost");

    internal static string[] Sorted(IEnumerable<string> values) => [.. values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    private static string Escape(string text) => text.Replace("\"", "\\\"", StringComparison.Ordinal);
}
