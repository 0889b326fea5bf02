using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Limits;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission.Limits;

/// <summary>
/// Gives pods the amounts that a namespace's LimitRanges set for those who state none, and keeps pods and claims within
/// their bounds. Upstream: <c>plugin/pkg/admission/limitranger</c>.
/// </summary>
internal sealed class LimitRanger(ObjectStore objects) : IMutatingPlugin, IValidatingPlugin
{
    private static readonly GroupResource LimitRangeResource = new("", "limitranges");
    private static readonly GroupResource Pods = new("", "pods");
    private static readonly GroupResource Claims = new("", "persistentvolumeclaims");

    public string Name => "LimitRanger";

    public ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.GroupResource == Pods && IsConcerned(request))
        {
            foreach (JsonObject range in RangesOf(request))
            {
                LimitRanges.Complete(range, request.Object!);
            }
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!IsConcerned(request))
        {
            return ValueTask.CompletedTask;
        }

        foreach (JsonObject range in RangesOf(request))
        {
            IReadOnlyList<string> faults = request.GroupResource == Pods ? LimitRanges.PodFaults(range, request.Object!) : LimitRanges.ClaimFaults(range, request.Object!);
            if (faults.Count > 0)
            {
                string[] said = [.. faults.Distinct(StringComparer.Ordinal)];
                throw ApiErrors.Forbidden(request.GroupResource, request.Name, said.Length == 1 ? said[0] : $"[{string.Join(", ", said)}]");
            }
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>A pod's amounts are set when it is made and when it is resized; a claim's may grow at any update.</summary>
    private static bool IsConcerned(AdmissionRequest request) =>
        request is { IsControlPlane: false, Object.IsDeleting: false }
        && (request.GroupResource == Pods
            ? request is { Operation: AdmissionOperation.Create, Subresource: "" } or { Operation: AdmissionOperation.Update, Subresource: "resize" }
            : request.GroupResource == Claims && request is { Operation: AdmissionOperation.Create or AdmissionOperation.Update, Subresource: "" });

    private IEnumerable<JsonObject> RangesOf(AdmissionRequest request) =>
        objects.Caches.For(LimitRangeResource).Current.Range(StoreKey.Prefix(LimitRangeResource, request.Cluster, request.Namespace)).Select(r => StoredJson.Parse(r.Json.Span));
}
