using System.Collections.Frozen;

namespace Orrery.Server.Upkeep;

/// <summary>
/// What of the upkeep may be left out, under the names that kube-controller-manager 1.36 has for it
/// (<c>cmd/kube-controller-manager/names</c>): a kube-apiserver alone does none of it.
/// </summary>
public static class ControllerNames
{
    public const string CertificateCleaning = "certificatesigningrequest-cleaner-controller";
    public const string CertificateSigning = "certificatesigningrequest-signing-controller";
    public const string ClaimProtection = "persistentvolumeclaim-protection-controller";
    public const string GarbageCollection = "garbage-collector-controller";
    public const string Namespaces = "namespace-controller";
    public const string PolicyStatus = "validatingadmissionpolicy-status-controller";
    public const string ResourceQuotas = "resourcequota-controller";
    public const string RoleAggregation = "clusterrole-aggregation-controller";
    public const string RootCertificates = "root-ca-certificate-publisher-controller";
    public const string ServiceAccountTokens = "serviceaccount-token-controller";
    public const string ServiceAccounts = "serviceaccount-controller";
    public const string ServiceRanges = "service-cidr-controller";
    public const string TokenCleaning = "token-cleaner-controller";
    public const string VolumeProtection = "persistentvolume-protection-controller";

    public static readonly FrozenSet<string> All = FrozenSet.ToFrozenSet(
    [
        CertificateCleaning, CertificateSigning, ClaimProtection, GarbageCollection, Namespaces, PolicyStatus, ResourceQuotas, RoleAggregation, RootCertificates, ServiceAccountTokens, ServiceAccounts, ServiceRanges, TokenCleaning, VolumeProtection,
    ]);

    /// <summary>What does not run unless it is asked for by its name.</summary>
    public static readonly FrozenSet<string> OffUnlessNamed = FrozenSet.ToFrozenSet([TokenCleaning]);

    /// <summary>Reads a selection as kube-controller-manager's <c>--controllers</c> has it: <c>*</c> is all but <see cref="OffUnlessNamed"/>, <c>name</c> one more, <c>-name</c> one less.</summary>
    /// <returns>Those that are left out.</returns>
    /// <exception cref="FormatException">Names what is unknown.</exception>
    public static IReadOnlySet<string> Disabled(IReadOnlyList<string> selection)
    {
        if (selection.FirstOrDefault(word => word != "*" && !All.Contains(word.TrimStart('-'))) is { } unknown)
        {
            throw new FormatException($"\"{unknown}\" is not in the list of known controllers: {string.Join(", ", All.Order(StringComparer.Ordinal))}");
        }

        return All.Where(name => !selection.Contains(name) && (selection.Contains("-" + name) || !selection.Contains("*") || OffUnlessNamed.Contains(name))).ToHashSet(StringComparer.Ordinal);
    }
}
