using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Admission.Matching;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission.Policies;

/// <summary>One policy that is about a request, by one of its bindings, with one of the parameters that this gives it.</summary>
/// <param name="Matched">The resource that the policy's rules speak of.</param>
/// <param name="Param">Null without parameters.</param>
internal readonly record struct PolicyInvocation<T>(Policy<T> Policy, PolicyBinding Binding, ResourceDefinition Matched, JsonObject? Param)
    where T : class;

/// <summary>Finds which policies are about a request, before any of them is run (apiserver <c>pkg/admission/plugin/policy/generic/policy_dispatcher.go</c>, Dispatch).</summary>
internal sealed class PolicyInvocations(AdmissionFacts facts, PolicyParams parameters)
{
    /// <param name="misconfigured">Told of policies and bindings that cannot be put to use, with the binding where that is at fault.</param>
    public List<PolicyInvocation<T>> Of<T>(AdmissionRequest request, IReadOnlyList<BoundPolicy<T>> bound, Action<Policy<T>, PolicyBinding?, string> misconfigured)
        where T : class
    {
        var found = new List<PolicyInvocation<T>>();
        foreach ((Policy<T> policy, IReadOnlyList<PolicyBinding> bindings) in bound)
        {
            try
            {
                if (policy.Constraints.Match(request, facts) is { } matched)
                {
                    ResourceDefinition? kind = parameters.Resource(request, policy.ParamKind);
                    foreach (PolicyBinding binding in bindings)
                    {
                        Add(request, policy, binding, matched, kind, found, misconfigured);
                    }
                }
            }
            catch (Exception fault) when (fault is StatusException or PolicyConfigurationException)
            {
                misconfigured(policy, null, "failed to configure policy: " + fault.Message);
            }
        }

        return found;
    }

    private void Add<T>(
        AdmissionRequest request, Policy<T> policy, PolicyBinding binding, ResourceDefinition matched, ResourceDefinition? kind, List<PolicyInvocation<T>> found, Action<Policy<T>, PolicyBinding?, string> misconfigured)
        where T : class
    {
        try
        {
            if (binding.Resources is null || binding.Resources.Match(request, facts) is not null)
            {
                found.AddRange(parameters.Collect(request, kind, binding.ParamRef).Select(p => new PolicyInvocation<T>(policy, binding, matched, p)));
            }
        }
        catch (Exception fault) when (fault is StatusException or PolicyConfigurationException)
        {
            misconfigured(policy, binding, "failed to configure binding: " + fault.Message);
        }
    }
}
