using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Registry;

namespace Orrery.Server.Handlers;

/// <summary>POST to <c>pods/{name}/binding</c>: a scheduler gives the pod its node, once.</summary>
internal static class BindingHandler
{
    private static readonly GroupVersionKind Kind = new("", "v1", "Binding");

    public static async Task HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        WriteOptions options = request.WriteOptions("CreateOptions");
        JsonObject binding = SubresourceBody.Parse(Kind, await RequestBody.ReadJsonAsync(request.Http.Request, Kind.Kind, cancellationToken));
        WriteScope scope = request.Scope(options);
        binding = await SubresourceBody.AdmitAsync(request, scope, Kind, binding, cancellationToken);
        string node = binding.TextAt("target", "name") ?? "";
        if (node.Length == 0 || binding.TextAt("target", "kind") is not (null or "" or "Node"))
        {
            throw ApiErrors.Invalid(Kind.GroupKind, request.Name, [node.Length == 0
                ? FieldError.Required("target.name")
                : FieldError.NotSupported("target.kind", binding.NodeAt("target", "kind")?.DeepClone(), "Node", "<empty>")]);
        }

        string now = request.Server.Time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        await request.Server.Update.UpdateAsync(
            scope,
            new ObjectChange
            {
                IsPatch = true,
                HasManagedFields = true,
                IsAdmitted = true,
                Wanted = pod =>
                {
                    Bind(pod, binding, node, now);
                    return pod;
                },
            },
            cancellationToken);
        await SubresourceBody.WriteSuccessAsync(request, cancellationToken);
    }

    private static void Bind(JsonObject pod, JsonObject binding, string node, string now)
    {
        var resource = new GroupResource("", "pods/binding");
        if (binding.Uid.Length > 0 && binding.Uid != pod.Uid)
        {
            throw ApiErrors.Conflict(resource, pod.Name, $"Precondition failed: UID in precondition: {binding.Uid}, UID in object meta: {pod.Uid}");
        }

        if (pod.IsDeleting)
        {
            throw ApiErrors.Conflict(resource, pod.Name, $"pod {pod.Name} is being deleted, cannot be assigned to a host");
        }

        if (pod.TextAt("spec", "nodeName") is { Length: > 0 } assigned)
        {
            throw ApiErrors.Conflict(resource, pod.Name, $"pod {pod.Name} is already assigned to node \"{assigned}\"");
        }

        pod.ObjectAt("spec")["nodeName"] = node;
        if (binding.NodeAt("metadata", "annotations") is JsonObject annotations)
        {
            JsonObject own = pod.Metadata.ObjectAt("annotations");
            foreach ((string name, JsonNode? value) in annotations)
            {
                own[name] = value?.DeepClone();
            }
        }

        CustomResources.DefinitionStatus.Set(pod.ObjectAt("status"), "PodScheduled", "True", null, null, now);
    }
}
