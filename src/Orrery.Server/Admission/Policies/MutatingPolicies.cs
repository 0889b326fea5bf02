using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Admission;
using Orrery.Machinery.Schemas;
using Orrery.Server.Admission.Matching;
using Orrery.Server.Clusters;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission.Policies;

/// <summary>MutatingAdmissionPolicies (apiserver <c>pkg/admission/plugin/policy/mutating/dispatcher.go</c>).</summary>
internal sealed class MutatingPolicies(PolicySet<MutatingPolicy> policies, AdmissionFacts facts, PolicyInvocations invocations) : IMutatingPlugin, IClusterMemory
{
    public string Name => "MutatingAdmissionPolicy";

    public void Forget(ClusterName cluster) => policies.Forget(cluster);

    public async ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        IReadOnlyList<BoundPolicy<MutatingPolicy>> bound = policies.For(request.Cluster);
        if (bound.Count > 0 && request.Operation != AdmissionOperation.Delete && !Exemptions.IsExemptOfPolicies(request))
        {
            await new Run(request, facts, request.Reinvocation.Of<Memory>(this), cancellationToken).MutateAsync(invocations, bound);
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
    private sealed class Run(AdmissionRequest request, AdmissionFacts facts, Memory memory, CancellationToken cancellationToken)
    {
        private readonly List<(string Message, string Reason)> refusals = [];
        private bool isMutated;

        public async ValueTask MutateAsync(PolicyInvocations invocations, IReadOnlyList<BoundPolicy<MutatingPolicy>> bound)
        {
            // Who is invoked is settled before anything changes.
            List<PolicyInvocation<MutatingPolicy>> found = invocations.Of(request, bound, (policy, binding, why) => Refuse(policy, binding, why, StatusReason.Forbidden));
            if (found.Count > 0)
            {
                await InvokeAsync(found);
            }

            if (refusals.Count > 0)
            {
                throw Refusal();
            }
        }

        private async ValueTask InvokeAsync(List<PolicyInvocation<MutatingPolicy>> found)
        {
            // Somebody beside the policies changed the object since.
            if (request.Reinvocation.IsSecondRun && memory.Reinvocable.Count > 0 && !JsonNode.DeepEquals(memory.Left, request.Object))
            {
                memory.Due.UnionWith(memory.Reinvocable);
            }

            foreach (PolicyInvocation<MutatingPolicy> invocation in found)
            {
                try
                {
                    await InvokeAsync(invocation);
                }
                catch (StatusException fault) when (request.Operation != AdmissionOperation.Connect && fault.Status.Code != 500)
                {
                    Refuse(invocation.Policy, invocation.Binding, fault.Message, StatusReason.Invalid);
                }
            }

            // Whoever asks for it sees once more what a mutation left, even where nothing differs by it: as upstream does.
            if (isMutated && memory.Reinvocable.Count > 0)
            {
                memory.Due.UnionWith(memory.Reinvocable);
                request.Reinvocation.Want();
            }

            memory.Left = memory.Reinvocable.Count > 0 ? (JsonObject?)request.Object?.DeepClone() : null;
        }

        private async ValueTask InvokeAsync(PolicyInvocation<MutatingPolicy> invocation)
        {
            (Policy<MutatingPolicy> policy, PolicyBinding binding, ResourceDefinition matched, JsonObject? param) = invocation;

            // 1. The conditions, on what the policies before this one left.
            await facts.PrepareAsync(request, matched, cancellationToken);
            AdmissionInput input = facts.Input(request, matched) with { Params = param };
            MatchOutcome outcome = policy.Program.Conditions.Evaluate(input, cancellationToken);
            if (!outcome.Matches)
            {
                if (outcome.Error is { } error)
                {
                    Refuse(policy, binding, error, StatusReason.Invalid);
                }

                return;
            }

            (string, string, string) key = (policy.Name, binding.Name, param is null ? "" : $"{param.Namespace}/{param.Name}");
            if (request.Reinvocation.IsSecondRun && !memory.Due.Contains(key))
            {
                return;
            }

            if (request.Operation == AdmissionOperation.Connect)
            {
                // The options of a stream have no schema by which they could be merged.
                throw ApiErrors.ServiceUnavailable(
                    $"Resource kind {request.Kind.Group}/{request.Kind.Version}, Kind={request.Kind.Kind} not found. There can be a delay between when CustomResourceDefinitions are created and when they are available.");
            }

            // 2. The mutations.
            var errors = new List<string>();
            Schema schema = request.Kind == request.Resource.Kind ? matched.Schema : request.Schema;
            JsonObject made = policy.Program.Mutate(input, schema, (json, isPatch) => Settle(matched, json, isPatch), errors, cancellationToken);
            foreach (string error in errors)
            {
                Refuse(policy, binding, error, StatusReason.Invalid);
            }

            isMutated |= errors.Count < policy.Program.Mutations;

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

        /// <summary>
        /// An object of a built-in kind is decoded and defaulted after each mutation. What a JSON patch made of it must be one without anything unknown, otherwise the request fails,
        /// whatever the policy says of its failures.
        /// </summary>
        private string? Settle(ResourceDefinition matched, JsonObject json, bool isPatch)
        {
            bool isWhole = request.Kind == request.Resource.Kind;
            if (isWhole && matched.IsCustom)
            {
                return null;
            }

            GroupVersionKind kind = isWhole ? matched.Kind : request.Kind;
            try
            {
                IReadOnlyList<string> unknown = request.Decode(matched, json);
                return isPatch && unknown.Count > 0 ? throw ApiErrors.InternalError(DecodingFaults.StrictMessage(unknown)) : null;
            }
            catch (StatusException fault) when (fault.InnerException is FormatException why)
            {
                return isPatch ? throw ApiErrors.InternalError(why.Message) : $"unable to convert unstructured object to {kind.Group}/{kind.Version}, Kind={kind.Kind}: error decoding from json: {why.Message}";
            }
        }

        private void Refuse(Policy<MutatingPolicy> policy, PolicyBinding? binding, string why, string reason)
        {
            if (!policy.FailsOpen)
            {
                refusals.Add((binding is null ? $"policy \"{policy.Name}\" denied request: {why}" : $"policy '{policy.Name}' with binding '{binding.Name}' denied request: {why}", reason));
            }
        }

        private StatusException Refusal()
        {
            (string message, string reason) = refusals[0];
            StatusException forbidden = PolicyRefusal.Of(request, message, reason);
            return new StatusException(forbidden.Status with
            {
                Code = 403,
                Message = message,
                Details = forbidden.Status.Details! with { Causes = [.. refusals.Select(r => new StatusCause("", r.Message, ""))] },
            });
        }
    }
}
