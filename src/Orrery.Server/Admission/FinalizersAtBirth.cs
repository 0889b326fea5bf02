using Orrery.Api;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission;

/// <summary>Gives new objects of root the finalizers of <see cref="ApiServerOptions.FinalizersAtBirth"/>.</summary>
internal sealed class FinalizersAtBirth(IReadOnlyDictionary<GroupResource, string> finalizers) : IMutatingPlugin
{
    public ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request is { Operation: AdmissionOperation.Create, Subresource: "", Cluster.IsRoot: true, Object: { } json } && finalizers.TryGetValue(request.GroupResource, out string? finalizer))
        {
            Finalizers.Add(json, finalizer);
        }

        return ValueTask.CompletedTask;
    }
}
