using Orrery.Api;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission;

/// <summary>
/// Nothing is made in a namespace that is not there or is being deleted, and the namespaces that a cluster cannot do
/// without are not deleted. Upstream: plugin/namespace/lifecycle.
/// </summary>
internal sealed class NamespaceLifecycle(ObjectStore objects) : IMutatingPlugin, IValidatingPlugin
{
    private static readonly ResourceDefinition Namespaces = BuiltinResources.Instance.Require("", "v1", "namespaces");

    public ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Operation == AdmissionOperation.Delete && request.GroupResource == Namespaces.GroupResource && request.Name is "default" or "kube-system" or "kube-public")
        {
            throw ApiErrors.Forbidden(request.GroupResource, request.Name, "this namespace may not be deleted");
        }

        if (request.Operation == AdmissionOperation.Create && request.Resource.Namespaced)
        {
            RequireActive(request);
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Last of all once more: webhooks may have taken half a minute each, and nothing is made in what has gone meanwhile.</summary>
    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Operation == AdmissionOperation.Create && request.Resource.Namespaced)
        {
            RequireActive(request);
        }

        return ValueTask.CompletedTask;
    }

    private void RequireActive(AdmissionRequest request)
    {
        StoredObject found = objects.Find(Namespaces, request.Cluster, "", request.Namespace)
            ?? throw ApiErrors.NotFound(Namespaces.GroupResource, request.Namespace);
        if (found.Json.Span.IndexOf("\"deletionTimestamp\":"u8) < 0 || !KubeObject.Parse(found.Json.Span).IsDeleting)
        {
            // Almost always the bytes alone tell.
            return;
        }

        string why = $"unable to create new content in namespace {request.Namespace} because it is being terminated";
        StatusException refusal = ApiErrors.Forbidden(request.GroupResource, request.Name, why);
        throw new StatusException(refusal.Status with
        {
            Details = refusal.Status.Details! with
            {
                Causes = [new StatusCause("NamespaceTerminating", $"namespace {request.Namespace} is being terminated", "metadata.namespace")],
            },
        });
    }
}
