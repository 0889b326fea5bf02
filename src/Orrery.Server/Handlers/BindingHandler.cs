using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Registry;

namespace Orrery.Server.Handlers;

/// <summary>POST to <c>pods/{name}/binding</c>, or to <c>bindings</c> with the pod's name in the body: a scheduler gives the pod its node, once. The control plane says so again where a data plane moved the pod.</summary>
internal static class BindingHandler
{
    private static readonly GroupVersionKind Kind = new("", "v1", "Binding");

    private static readonly ResourceDefinition Pods = BuiltinResources.Instance.Require("", "v1", "pods");

    public static async Task HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        WriteOptions options = request.WriteOptions("CreateOptions");
        await BindAsync(request, request, options, await SubresourceBody.ReadAsync(request, options, Kind, cancellationToken), cancellationToken);
    }

    /// <summary>The older way, which names no pod in its path.</summary>
    public static async Task HandleNamedInBodyAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        if (request.Info.Verb != "create" || request.Info.IsNameInPath)
        {
            throw ApiErrors.MethodNotAllowed();
        }

        WriteOptions options = request.WriteOptions("CreateOptions");
        JsonObject binding = await SubresourceBody.ReadAsync(request, options, Kind, cancellationToken);
        if (binding.Name.Length == 0)
        {
            throw ApiErrors.Invalid(Kind.GroupKind, "", [FieldError.Required("metadata.name", "name or generateName is required")]);
        }

        await BindAsync(
            request,
            request with { Resource = Pods, Info = request.Info with { Resource = "pods", Name = binding.Name, Subresource = "binding", IsNameInPath = true } },
            options, binding, cancellationToken);
    }

    /// <param name="asked">As it came: that is what admission is shown.</param>
    /// <param name="request">For the pod.</param>
    private static async Task BindAsync(ResourceRequest asked, ResourceRequest request, WriteOptions options, JsonObject binding, CancellationToken cancellationToken)
    {
        WriteScope scope = request.Scope(options);
        SubresourceBody.RequirePlace(request, Kind, binding);
        binding = await SubresourceBody.AdmitAsync(asked, asked.Scope(options), Kind, binding, cancellationToken);
        string node = binding.TextAt("target", "name") ?? "";
        FieldError[] faults =
        [
            .. binding.TextAt("target", "kind") is null or "" or "Node" ? (FieldError[])[] : [FieldError.NotSupported("target.kind", binding.NodeAt("target", "kind")?.DeepClone(), "Node", "<empty>")],
            .. node.Length > 0 ? (FieldError[])[] : [FieldError.Required("target.name")],
        ];
        if (faults.Length > 0)
        {
            throw ApiErrors.Invalid(Kind.GroupKind, request.Name, faults);
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
                    Bind(pod, binding, node, now, mayMove: scope.IsControlPlane);
                    return pod;
                },
            },
            cancellationToken);
        await SubresourceBody.WriteSuccessAsync(request, cancellationToken);
    }

    private static void Bind(JsonObject pod, JsonObject binding, string node, string now, bool mayMove)
    {
        var resource = new GroupResource("", "pods/binding");
        if (binding.Uid.Length > 0 && binding.Uid != pod.Uid)
        {
            throw ApiErrors.Conflict(resource, pod.Name, $"Precondition failed: UID in precondition: {binding.Uid}, UID in object meta: {pod.Uid}");
        }

        if (binding.ResourceVersion.Length > 0 && binding.ResourceVersion != pod.ResourceVersion)
        {
            throw ApiErrors.Conflict(resource, pod.Name, $"Precondition failed: ResourceVersion in precondition: {binding.ResourceVersion}, ResourceVersion in object meta: {pod.ResourceVersion}");
        }

        if (pod.IsDeleting)
        {
            throw ApiErrors.Conflict(resource, pod.Name, $"pod {pod.Name} is being deleted, cannot be assigned to a host");
        }

        if (!mayMove && pod.TextAt("spec", "nodeName") is { Length: > 0 } assigned)
        {
            throw ApiErrors.Conflict(resource, pod.Name, $"pod {pod.Name} is already assigned to node \"{assigned}\"");
        }

        if (pod.NodeAt("spec", "schedulingGates") is JsonArray { Count: > 0 })
        {
            throw ApiErrors.Conflict(resource, pod.Name, $"pod {pod.Name} has non-empty .spec.schedulingGates");
        }

        pod.ObjectAt("spec")["nodeName"] = node;
        foreach (string member in (string[])["annotations", "labels"])
        {
            foreach ((string name, JsonNode? value) in binding.NodeAt("metadata", member) as JsonObject ?? [])
            {
                pod.Metadata.ObjectAt(member)[name] = value?.DeepClone();
            }
        }

        CustomResources.DefinitionStatus.Set(pod.ObjectAt("status"), "PodScheduled", "True", null, null, now);
    }
}
