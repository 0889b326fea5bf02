using Orrery.Api;
using Orrery.Machinery.Admission;
using Orrery.Server.Admission.Matching;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission.Policies;

/// <summary>Puts the plugins of admission policies together.</summary>
internal static class PolicyPlugins
{
    private const string Group = "admissionregistration.k8s.io";

    public static MutatingPolicies Mutating(CacheSet caches, AdmissionFacts facts, PolicyInvocations invocations) => new(
        new PolicySet<MutatingPolicy>(
            caches, new GroupResource(Group, "mutatingadmissionpolicies"), new GroupResource(Group, "mutatingadmissionpolicybindings"), MutatingPolicy.Compile),
        facts,
        invocations);

    public static ValidatingPolicies Validating(CacheSet caches, AdmissionFacts facts, PolicyInvocations invocations) => new(
        new PolicySet<ValidatingPolicy>(
            caches, new GroupResource(Group, "validatingadmissionpolicies"), new GroupResource(Group, "validatingadmissionpolicybindings"), ValidatingPolicy.Compile),
        facts,
        invocations);
}
