using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Admission;
using Orrery.Server.Admission.Matching;
using Orrery.Server.Clusters;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission.Policies;

/// <summary>ValidatingAdmissionPolicies (apiserver <c>pkg/admission/plugin/policy/validating/dispatcher.go</c>).</summary>
internal sealed class ValidatingPolicies(PolicySet<ValidatingPolicy> policies, AdmissionFacts facts, PolicyParams parameters) : IValidatingPlugin, IClusterMemory
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
        foreach ((Policy<ValidatingPolicy> policy, IReadOnlyList<PolicyBinding> bindings) in bound)
        {
            // 1. Is the policy about this request?
            ResourceDefinition? matched;
            try
            {
                matched = policy.Constraints.Match(request, facts);
            }
            catch (StatusException fault)
            {
                Misconfigured(findings, policy, null, fault.Status.Message);
                continue;
            }

            // 2. Each binding that is, with each of its parameters.
            foreach (PolicyBinding binding in matched is null ? [] : bindings)
            {
                try
                {
                    if (binding.Resources is null || binding.Resources.Match(request, facts) is not null)
                    {
                        foreach (JsonObject? param in parameters.Collect(request, policy.ParamKind, binding.ParamRef))
                        {
                            Evaluate(policy, binding, inputs.With(matched!, param), findings, cancellationToken);
                        }
                    }
                }
                catch (StatusException fault)
                {
                    Misconfigured(findings, policy, binding, fault.Status.Message);
                }
                catch (PolicyConfigurationException fault)
                {
                    Misconfigured(findings, policy, binding, fault.Message);
                }
            }
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

    private static void Misconfigured(PolicyFindings findings, Policy<ValidatingPolicy> policy, PolicyBinding? binding, string why)
    {
        if (!policy.FailsOpen)
        {
            findings.Refuse(policy.Name, binding?.Name, $"failed to configure {(binding is null ? "policy" : "binding")}: {why}", "");
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
