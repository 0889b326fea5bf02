using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Admission;
using Orrery.Server.Admission.Matching;
using Orrery.Server.Clusters;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission.Policies;

/// <summary>ValidatingAdmissionPolicies (apiserver <c>pkg/admission/plugin/policy/validating/dispatcher.go</c>).</summary>
internal sealed class ValidatingPolicies(PolicySet<ValidatingPolicy> policies, AdmissionFacts facts, PolicyInvocations invocations) : IValidatingPlugin, IClusterMemory
{
    public string Name => "ValidatingAdmissionPolicy";

    public void Forget(ClusterName cluster) => policies.Forget(cluster);

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        IReadOnlyList<BoundPolicy<ValidatingPolicy>> bound = policies.For(request.Cluster);
        if (bound.Count > 0 && !Exemptions.IsExemptOfPolicies(request))
        {
            foreach ((Policy<ValidatingPolicy> policy, _) in bound)
            {
                if (policy.Constraints.MatchRules(request, facts) is { } matched)
                {
                    await facts.PrepareAsync(request, matched, cancellationToken);
                }
            }

            Decide(request, bound, cancellationToken);
        }
    }

    /// <summary>Every policy is heard, so that each may warn and annotate; then the first refusal answers.</summary>
    private void Decide(AdmissionRequest request, IReadOnlyList<BoundPolicy<ValidatingPolicy>> bound, CancellationToken cancellationToken)
    {
        var findings = new PolicyFindings();
        var inputs = new PolicyInputs(request, facts);
        List<PolicyInvocation<ValidatingPolicy>> found = invocations.Of(request, bound, (policy, binding, why) =>
        {
            if (!policy.FailsOpen)
            {
                findings.Refuse(policy.Name, binding?.Name, why, "");
            }
        });
        foreach ((Policy<ValidatingPolicy> policy, PolicyBinding binding, ResourceDefinition matched, JsonObject? param) in found)
        {
            Evaluate(policy, binding, inputs.With(matched, param), findings, cancellationToken);
        }

        findings.Publish(request);
    }

    private static void Evaluate(Policy<ValidatingPolicy> policy, PolicyBinding binding, AdmissionInput input, PolicyFindings findings, CancellationToken cancellationToken)
    {
        MatchOutcome outcome = policy.Program.Conditions.Evaluate(input, cancellationToken);
        if (outcome.Error is { } error)
        {
            if (!policy.FailsOpen)
            {
                findings.Add(policy.Name, binding, new PolicyDenial(0, error, "") { IsError = true });
            }

            return;
        }

        if (!outcome.Matches)
        {
            return;
        }

        PolicyVerdict verdict = policy.Program.Evaluate(input, cancellationToken);
        foreach (PolicyDenial denial in verdict.Denials)
        {
            findings.Add(policy.Name, binding, denial);
        }

        foreach ((string key, string value) in verdict.Annotations)
        {
            findings.Annotate($"{policy.Name}/{key}", value);
        }
    }
}

/// <summary>What the expressions of one request look at, made once a version of its resource.</summary>
internal sealed class PolicyInputs(AdmissionRequest request, AdmissionFacts facts)
{
    private readonly Dictionary<ResourceDefinition, AdmissionInput> made = [];

    /// <exception cref="StatusException">404: the object's namespace is not there.</exception>
    public AdmissionInput With(ResourceDefinition matched, JsonObject? param)
    {
        if (!made.TryGetValue(matched, out AdmissionInput? input))
        {
            made[matched] = input = facts.Input(request, matched);
        }

        return param is null ? input : input with { Params = param };
    }
}
