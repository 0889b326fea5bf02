using System.Collections.Frozen;
using Orrery.Api;

namespace Orrery.Server.Admission.Matching;

/// <summary>What policies and webhooks are never asked about, so that nobody can lock a cluster from the inside.</summary>
internal static class Exemptions
{
    /// <summary>The control plane itself, and the objects that configure admission itself (apiserver <c>pkg/admission/plugin/webhook/predicates/rules</c>).</summary>
    public static bool IsExempt(AdmissionRequest request) =>
        request.IsControlPlane || (request.GroupResource.Group == "admissionregistration.k8s.io" && request.GroupResource.Resource is
            "validatingwebhookconfigurations" or "mutatingwebhookconfigurations" or "validatingadmissionpolicies" or "validatingadmissionpolicybindings"
            or "mutatingadmissionpolicies" or "mutatingadmissionpolicybindings");

    private static readonly FrozenSet<GroupResource> Reviews = FrozenSet.ToFrozenSet(
    [
        new GroupResource("authentication.k8s.io", "selfsubjectreviews"), new GroupResource("authentication.k8s.io", "tokenreviews"),
        new GroupResource("authorization.k8s.io", "localsubjectaccessreviews"), new GroupResource("authorization.k8s.io", "selfsubjectaccessreviews"),
        new GroupResource("authorization.k8s.io", "selfsubjectrulesreviews"), new GroupResource("authorization.k8s.io", "subjectaccessreviews"),
    ]);

    /// <summary>Of policies, beyond that: questions, which are kept nowhere (<c>pkg/kubeapiserver/admission/exclusion</c>). Webhooks are asked about them.</summary>
    public static bool IsExemptOfPolicies(AdmissionRequest request) => IsExempt(request) || Reviews.Contains(request.GroupResource);
}
