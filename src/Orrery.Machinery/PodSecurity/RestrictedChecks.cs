using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;
using static Orrery.Machinery.PodSecurity.PodSecurityStandards;

namespace Orrery.Machinery.PodSecurity;

/// <summary>What the restricted level asks for beside the baseline: the practice of hardened pods.</summary>
internal static class RestrictedChecks
{
    private static readonly HashSet<string> SafeVolumes = new(StringComparer.Ordinal)
    {
        "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
    };

    public static SecurityFinding? PrivilegeEscalation(JsonObject spec, int minor)
    {
        if (IsWindows(spec, minor))
        {
            return null;
        }

        string[] containers = Containers(spec, c => Security(c)?.FlagAt("allowPrivilegeEscalation") != false);
        return containers.Length == 0 ? null : new SecurityFinding("allowPrivilegeEscalation != false", $"{Wording.Containers(containers)} must set securityContext.allowPrivilegeEscalation=false");
    }

    public static SecurityFinding? Capabilities(JsonObject spec, int minor)
    {
        static IEnumerable<string> Added(JsonObject container) => (Security(container)?.Child("capabilities")?.Texts("add") ?? []).Where(c => c != "NET_BIND_SERVICE");

        if (IsWindows(spec, minor))
        {
            return null;
        }

        var details = new List<string>();
        string[] keeping = Containers(spec, c => Security(c)?.Child("capabilities")?.Texts("drop").Contains("ALL") != true);
        if (keeping.Length > 0)
        {
            details.Add($"{Wording.Containers(keeping)} must set securityContext.capabilities.drop=[\"ALL\"]");
        }

        string[] adding = Containers(spec, c => Added(c).Any());
        if (adding.Length > 0)
        {
            details.Add($"{Wording.Containers(adding)} must not include {Wording.Quoted(BaselineChecks.Sorted(Containers(spec).SelectMany(Added)))} in securityContext.capabilities.add");
        }

        return details.Count == 0 ? null : new SecurityFinding("unrestricted capabilities", string.Join("; ", details));
    }

    public static SecurityFinding? Volumes(JsonObject spec)
    {
        static string Source(JsonObject volume) => volume.FirstOrDefault(m => m.Key != "name" && m.Value is not null).Key ?? "unknown";

        JsonObject[] bad = [.. spec.Items("volumes").Where(v => v.Count > 1 && !SafeVolumes.Contains(Source(v)))];
        string[] types = BaselineChecks.Sorted(bad.Select(Source));
        return bad.Length == 0 ? null : new SecurityFinding(
            "restricted volume types",
            $"{Wording.Plural("volume", "volumes", bad.Length)} {Wording.Quoted(bad.Select(v => v.Text("name")))} {Wording.Plural("uses", "use", bad.Length)} restricted volume {Wording.Plural("type", "types", types.Length)} {Wording.Quoted(types)}");
    }

    public static SecurityFinding? NonRoot(JsonObject spec, int minor)
    {
        // Root within a user namespace of the pod's own is nobody outside of it (since 1.35).
        if (HasOwnUsers(spec, minor))
        {
            return null;
        }

        bool? pod = Security(spec)?.FlagAt("runAsNonRoot");
        string[] wrong = Containers(spec, c => Security(c)?.FlagAt("runAsNonRoot") == false);
        string[] silent = Containers(spec, c => Security(c)?.FlagAt("runAsNonRoot") is null);
        if (pod == false || wrong.Length > 0)
        {
            return new SecurityFinding("runAsNonRoot != true", $"{Wording.Setters(pod == false, wrong)} must not set securityContext.runAsNonRoot=false");
        }

        return pod == true || silent.Length == 0 ? null : new SecurityFinding("runAsNonRoot != true", $"pod or {Wording.Containers(silent)} must set securityContext.runAsNonRoot=true");
    }

    public static SecurityFinding? RootUser(JsonObject spec, int minor)
    {
        static bool IsRoot(JsonObject of) => Security(of)?.Number("runAsUser") == 0;

        string[] containers = Containers(spec, IsRoot);
        return HasOwnUsers(spec, minor) || (containers.Length == 0 && !IsRoot(spec)) ? null : new SecurityFinding("runAsUser=0", $"{Wording.Setters(IsRoot(spec), containers)} must not set runAsUser=0");
    }

    public static SecurityFinding? Seccomp(JsonObject spec, int minor)
    {
        if (IsWindows(spec, minor))
        {
            return null;
        }

        string pod = BaselineChecks.SeccompType(spec);
        string[] wrong = Containers(spec, BaselineChecks.IsUnconfined);
        if (BaselineChecks.IsUnconfined(spec) || wrong.Length > 0)
        {
            string[] types = BaselineChecks.Sorted(Containers(spec).Prepend(spec).Where(BaselineChecks.IsUnconfined).Select(BaselineChecks.SeccompType));
            return new SecurityFinding("seccompProfile", $"{Wording.Setters(BaselineChecks.IsUnconfined(spec), wrong)} must not set securityContext.seccompProfile.type to {Wording.Quoted(types)}");
        }

        string[] silent = Containers(spec, c => BaselineChecks.SeccompType(c).Length == 0);
        return pod.Length > 0 || silent.Length == 0 ? null : new SecurityFinding(
            "seccompProfile", $"pod or {Wording.Containers(silent)} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"");
    }

    /// <summary>Linux's means do not exist there; the standards know since 1.25.</summary>
    private static bool IsWindows(JsonObject spec, int minor) => minor >= 25 && spec.Child("os")?.Text("name") == "windows";

    private static bool HasOwnUsers(JsonObject spec, int minor) => minor >= 35 && spec.FlagAt("hostUsers") == false;
}
