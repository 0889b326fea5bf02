using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Admission;
using Orrery.Machinery.Schemas;
using Orrery.Server.Admission.Matching;
using Orrery.Server.Clusters;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission.Policies;

/// <summary>MutatingAdmissionPolicies (apiserver <c>pkg/admission/plugin/policy/mutating/dispatcher.go</c>).</summary>
internal sealed class MutatingPolicies(PolicySet<MutatingPolicy> policies, AdmissionFacts facts, PolicyParams parameters) : IMutatingPlugin, IClusterMemory
{
    public string Name => "MutatingAdmissionPolicy";

    public void Forget(ClusterName cluster) => policies.Forget(cluster);

    public async ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        IReadOnlyList<BoundPolicy<MutatingPolicy>> bound = policies.For(request.Cluster);
        if (bound.Count > 0 && request.Operation is AdmissionOperation.Create or AdmissionOperation.Update && !Exemptions.IsExemptOfPolicies(request))
        {
            await new Run(request, facts, parameters, request.Reinvocation.Of<Memory>(this), cancellationToken).MutateAsync(bound);
        }
    }

    /// <summary>What is remembered of a request between the two runs of the mutating phase.</summary>
    private sealed class Memory
    {
        /// <summary>Invocations that want to run again when others change the object after them.</summary>
        public HashSet<(string Policy, string Binding, string Param)> Reinvocable { get; } = [];

        /// <summary>Those of them after which somebody did.</summary>
        public HashSet<(string Policy, string Binding, string Param)> Due { get; } = [];

        /// <summary>The object as the last policy left it.</summary>
        public JsonObject? Left { get; set; }
    }

    /// <summary>One run over one request.</summary>
    private sealed class Run(AdmissionRequest request, AdmissionFacts facts, PolicyParams parameters, Memory memory, CancellationToken cancellationToken)
    {
        private readonly List<string> refusals = [];

        public async ValueTask MutateAsync(IReadOnlyList<BoundPolicy<MutatingPolicy>> bound)
        {
            // Somebody beside the policies changed the object since.
            if (request.Reinvocation.IsSecondRun && memory.Reinvocable.Count > 0 && !JsonNode.DeepEquals(memory.Left, request.Object))
            {
                memory.Due.UnionWith(memory.Reinvocable);
            }

            foreach ((Policy<MutatingPolicy> policy, IReadOnlyList<PolicyBinding> bindings) in bound)
            {
                foreach (PolicyBinding binding in bindings)
                {
                    try
                    {
                        await InvokeAsync(policy, binding);
                    }
                    catch (StatusException fault)
                    {
                        Refuse(policy, binding, fault.Status.Message);
                    }
                    catch (PolicyConfigurationException fault)
                    {
                        Refuse(policy, binding, fault.Message);
                    }
                }
            }

            if (refusals.Count > 0)
            {
                throw Refusal();
            }

            memory.Left = memory.Reinvocable.Count > 0 ? (JsonObject?)request.Object?.DeepClone() : null;
        }

        private async ValueTask InvokeAsync(Policy<MutatingPolicy> policy, PolicyBinding binding)
        {
            if (policy.Constraints.Match(request, facts) is not { } matched || (binding.Resources is not null && binding.Resources.Match(request, facts) is null))
            {
                return;
            }

            foreach (JsonObject? param in parameters.Collect(request, policy.ParamKind, binding.ParamRef))
            {
                (string, string, string) key = (policy.Name, binding.Name, param is null ? "" : $"{param.Namespace}/{param.Name}");
                if (!request.Reinvocation.IsSecondRun || memory.Due.Contains(key))
                {
                    await InvokeAsync(policy, binding, matched, param, key);
                }
            }
        }

        private async ValueTask InvokeAsync(Policy<MutatingPolicy> policy, PolicyBinding binding, ResourceDefinition matched, JsonObject? param, (string, string, string) key)
        {
            // 1. The conditions, on what the policies before this one left.
            await facts.PrepareAsync(request, matched, cancellationToken);
            AdmissionInput input = facts.Input(request, matched) with { Params = param };
            MatchOutcome outcome = policy.Program.Conditions.Evaluate(input, cancellationToken);
            if (!outcome.Matches)
            {
                if (outcome.Error is { } error)
                {
                    Refuse(policy, binding, error);
                }

                return;
            }

            // 2. The mutations.
            var errors = new List<string>();
            Schema schema = request.Kind == request.Resource.Kind ? matched.Schema : request.Schema;
            JsonObject made = policy.Program.Mutate(input, schema, errors, cancellationToken);
            foreach (string error in errors)
            {
                Refuse(policy, binding, error);
            }

            // 3. Who ran before and cares has to see what changed.
            if (!ReferenceEquals(made, input.Object))
            {
                request.Replace(await facts.BackAsync(matched, request, made, cancellationToken));
                memory.Due.UnionWith(memory.Reinvocable);
                request.Reinvocation.Want();
            }

            if (policy.Program.IsReinvoked)
            {
                memory.Reinvocable.Add(key);
            }
        }

        private void Refuse(Policy<MutatingPolicy> policy, PolicyBinding binding, string why)
        {
            if (!policy.FailsOpen)
            {
                refusals.Add($"policy '{policy.Name}' with binding '{binding.Name}' denied request: {why}");
            }
        }

        private StatusException Refusal()
        {
            StatusException forbidden = PolicyRefusal.Of(request, refusals[0], "Invalid");
            return new StatusException(forbidden.Status with
            {
                Code = 403,
                Message = refusals[0],
                Details = forbidden.Status.Details! with { Causes = [.. refusals.Select(r => new StatusCause("", r, ""))] },
            });
        }
    }
}
