using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;
using Orrery.Server.Registry;

namespace Orrery.Server.Handlers;

/// <summary>POST to <c>pods/{name}/binding</c>: a scheduler's decision, the one way in which a pod gets its node after creation.</summary>
internal static class BindingHandler
{
    private static readonly GroupVersionKind Kind = new("", "v1", "Binding");

    private static readonly ResourceDefinition Definition = new(Schema)
    {
        Resource = new GroupVersionResource("", "v1", "bindings"),
        Kind = Kind,
        ListKind = "",
        Singular = "binding",
        Namespaced = true,
        Verbs = new HashSet<string> { "create" },
        Strategy = new BuiltinStrategy(Kind, isNamespaced: true, hasStatus: false, Schema),
    };

    public static async Task HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        WriteOptions options = request.WriteOptions("CreateOptions");
        JsonObject binding = await CreateHandler.ReadObjectAsync(request with { Resource = Definition }, options, cancellationToken);
        string node = binding.TextAt("target", "name") ?? "";
        if (node.Length == 0)
        {
            throw ApiErrors.Invalid(Kind.GroupKind, request.Name, [FieldError.Required("target.name")]);
        }

        await request.Server.Update.UpdateAsync(
            request.Scope(options),
            new ObjectChange { Wanted = pod => Bind(request, pod, binding.Uid, node), IsPatch = true },
            cancellationToken);
        await ObjectResponse.WriteJsonAsync(request.Http, 201, new Status { Code = 201 }.ToJson(), cancellationToken);
    }

    /// <summary>Upstream: <c>BindingREST.setPodNodeAndMetadata</c>.</summary>
    private static JsonObject Bind(ResourceRequest request, JsonObject pod, string uid, string node)
    {
        if (uid.Length > 0 && uid != pod.Uid)
        {
            throw ApiErrors.Conflict(request.Resource.GroupResource, request.Name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {pod.Uid}");
        }

        if (pod.IsDeleting)
        {
            throw ApiErrors.Conflict(request.Resource.GroupResource, request.Name, $"pod {pod.Name} is being deleted, cannot be assigned to a host");
        }

        if (pod.TextAt("spec", "nodeName") is { Length: > 0 } bound)
        {
            throw ApiErrors.Conflict(request.Resource.GroupResource, request.Name, $"pod {pod.Name} is already assigned to node \"{bound}\"");
        }

        pod.ObjectAt("spec")["nodeName"] = node;
        SetScheduled(pod.ObjectAt("status"), request.Server.Time.GetUtcNow());
        return pod;
    }

    private static void SetScheduled(JsonObject status, DateTimeOffset now)
    {
        if (status["conditions"] is not JsonArray conditions)
        {
            status["conditions"] = conditions = [];
        }

        foreach (JsonObject earlier in conditions.OfType<JsonObject>().Where(c => c.TextAt("type") == "PodScheduled").ToList())
        {
            conditions.Remove(earlier);
        }

        conditions.Add((JsonNode)new JsonObject
        {
            ["type"] = "PodScheduled",
            ["status"] = "True",
            ["lastProbeTime"] = null,
            ["lastTransitionTime"] = now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture),
        });
    }

    private static Schema Schema() => BuiltinTypes.Instance.Find(Kind) ?? throw new InvalidOperationException($"no type is known for {Kind}");
}
