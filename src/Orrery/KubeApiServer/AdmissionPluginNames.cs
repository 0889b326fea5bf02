using System.Collections.Frozen;
using Orrery.Commands;

namespace Orrery.KubeApiServer;

/// <summary>The admission plugins of kube-apiserver 1.36, by name (upstream <c>pkg/kubeapiserver/options/plugins.go</c>).</summary>
internal static class AdmissionPluginNames
{
    public const string NodeRestriction = "NodeRestriction";

    private static readonly FrozenSet<string> OnByDefault = FrozenSet.ToFrozenSet(
    [
        "NamespaceLifecycle", "LimitRanger", "ServiceAccount", "TaintNodesByCondition", "PodSecurity", "Priority", "DefaultTolerationSeconds", "DefaultStorageClass",
        "StorageObjectInUseProtection", "PersistentVolumeClaimResize", "RuntimeClass", "CertificateApproval", "CertificateSigning", "ClusterTrustBundleAttest",
        "CertificateSubjectRestriction", "DefaultIngressClass", "PodTopologyLabels", "MutatingAdmissionPolicy", "MutatingAdmissionWebhook",
        "ValidatingAdmissionPolicy", "ValidatingAdmissionWebhook", "ResourceQuota",
    ]);

    private static readonly FrozenSet<string> OffByDefault = FrozenSet.ToFrozenSet(
    [
        "AlwaysAdmit", "AlwaysDeny", "AlwaysPullImages", "DenyServiceExternalIPs", "EventRateLimit", "ExtendedResourceToleration", "ImagePolicyWebhook",
        "LimitPodHardAntiAffinityTopology", "NamespaceAutoProvision", "NamespaceExists", "NodeDeclaredFeatureValidator", "NodeRestriction", "OwnerReferencesPermissionEnforcement",
        "PodNodeSelector", "PodTolerationRestriction",
    ]);

    /// <summary>That which is built, and those that would change nothing: no scheduler asks nodes here for what they can.</summary>
    private static readonly FrozenSet<string> CanBeEnabled = FrozenSet.ToFrozenSet(["AlwaysAdmit", "NamespaceExists", NodeRestriction, "NodeDeclaredFeatureValidator"]);

    /// <summary>What is off: of those on by default, what was disabled.</summary>
    /// <exception cref="CommandFailedException">A name is unknown, or is both, or names a plugin that is not built.</exception>
    public static IReadOnlySet<string> Disabled(IReadOnlyList<string> enable, IReadOnlyList<string> disable)
    {
        Require("enable-admission-plugins", enable);
        Require("disable-admission-plugins", disable);
        if (enable.Intersect(disable, StringComparer.Ordinal).FirstOrDefault() is { } both)
        {
            throw new CommandFailedException($"\"{both}\" is in both --enable-admission-plugins and --disable-admission-plugins");
        }

        return enable.FirstOrDefault(name => OffByDefault.Contains(name) && !CanBeEnabled.Contains(name)) is { } missing
            ? throw new CommandFailedException($"--enable-admission-plugins: \"{missing}\" is not built into Orrery")
            : disable.Where(OnByDefault.Contains).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>What is off where exactly these are on.</summary>
    /// <exception cref="CommandFailedException">A name is unknown, or names a plugin that is not built.</exception>
    public static IReadOnlySet<string> AllBut(IReadOnlyList<string> on)
    {
        Require("admission-control", on);
        return on.FirstOrDefault(name => OffByDefault.Contains(name) && !CanBeEnabled.Contains(name)) is { } missing
            ? throw new CommandFailedException($"--admission-control: \"{missing}\" is not built into Orrery")
            : OnByDefault.Except(on).ToHashSet(StringComparer.Ordinal);
    }

    private static void Require(string flag, IReadOnlyList<string> names)
    {
        if (names.FirstOrDefault(name => !OnByDefault.Contains(name) && !OffByDefault.Contains(name)) is { } unknown)
        {
            throw new CommandFailedException($"--{flag}: admission-control plugin \"{unknown}\" is unknown");
        }
    }
}
