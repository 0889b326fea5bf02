using System.Text.Json.Nodes;
using Orrery.Machinery.Kinds;

namespace Orrery.Machinery.PodSecurity;

/// <summary>
/// The Pod Security Standards: checks in the order of upstream's answers, each from the version that brought it.
/// Upstream: pod-security-admission <c>policy</c>.
/// </summary>
public static class PodSecurityStandards
{
    private sealed record Check(int Since, Func<JsonObject, JsonObject, int, SecurityFinding?> Find);

    /// <summary>Part of both levels.</summary>
    private static readonly Check[] Shared =
    [
        new(0, BaselineChecks.AppArmor),
        new(0, (_, spec, _) => BaselineChecks.HostNamespaces(spec)),
        new(0, (_, spec, _) => BaselineChecks.HostPorts(spec)),
        new(34, (_, spec, _) => BaselineChecks.ProbeHosts(spec)),
        new(0, (_, spec, _) => BaselineChecks.Privileged(spec)),
        new(0, (_, spec, minor) => BaselineChecks.ProcMount(spec, minor)),
        new(0, (_, spec, minor) => BaselineChecks.SeLinux(spec, minor)),
        new(0, (_, spec, minor) => BaselineChecks.Sysctls(spec, minor)),
        new(0, (_, spec, _) => BaselineChecks.WindowsHostProcess(spec)),
    ];

    private static readonly Check Capabilities = new(0, (_, spec, _) => BaselineChecks.Capabilities(spec));
    private static readonly Check HostPaths = new(0, (_, spec, _) => BaselineChecks.HostPaths(spec));
    private static readonly Check Seccomp = new(0, BaselineChecks.Seccomp);

    private static readonly Check[] Baseline =
        [Shared[0], Capabilities, Shared[1], HostPaths, .. Shared[2..7], Seccomp, .. Shared[7..]];

    /// <summary>What is stricter here stands in place of the baseline's check of the same thing, from the version that brought it.</summary>
    private static readonly Check[] RestrictedOnly =
    [
        new(8, (_, spec, minor) => RestrictedChecks.PrivilegeEscalation(spec, minor)),
        new(22, (_, spec, minor) => RestrictedChecks.Capabilities(spec, minor)),
        new(0, (_, spec, _) => RestrictedChecks.Volumes(spec)),
        new(0, (_, spec, minor) => RestrictedChecks.NonRoot(spec, minor)),
        new(23, (_, spec, minor) => RestrictedChecks.RootUser(spec, minor)),
        new(19, (_, spec, minor) => RestrictedChecks.Seccomp(spec, minor)),
    ];

    /// <summary>Every way in which a pod does not meet a policy; empty when it does.</summary>
    /// <param name="metadata">Of the pod or template.</param>
    public static IReadOnlyList<SecurityFinding> Evaluate(PodSecurityPolicy policy, JsonObject metadata, JsonObject spec)
    {
        if (policy.IsPrivileged)
        {
            return [];
        }

        IEnumerable<Check> checks = policy.Level == PodSecurityLevel.Baseline
            ? Baseline
            : Baseline.Where(c => !IsReplaced(c, policy.Minor)).Concat(RestrictedOnly);
        return [.. checks.Where(c => c.Since <= policy.Minor).Select(c => c.Find(metadata, spec, policy.Minor)).OfType<SecurityFinding>()];
    }

    private static bool IsReplaced(Check check, int minor) =>
        check == HostPaths || (check == Capabilities && minor >= 22) || (check == Seccomp && minor >= 19);

    internal static IEnumerable<JsonObject> Containers(JsonObject spec) =>
        spec.Items("initContainers").Concat(spec.Items("containers")).Concat(spec.Items("ephemeralContainers"));

    /// <summary>Names of the containers for which something holds.</summary>
    internal static string[] Containers(JsonObject spec, Func<JsonObject, bool> which) => [.. Containers(spec).Where(which).Select(c => c.Text("name"))];

    internal static JsonObject? Security(JsonObject of) => of.Child("securityContext");
}
