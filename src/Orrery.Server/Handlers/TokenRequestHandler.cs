using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Apply;
using Orrery.Machinery.Schemas;
using Orrery.Server.Authentication;
using Orrery.Server.Registry;
using Orrery.Server.Requests;

namespace Orrery.Server.Handlers;

/// <summary>POST to <c>serviceaccounts/{name}/token</c>.</summary>
internal static class TokenRequestHandler
{
    private static readonly GroupVersionKind Kind = new("authentication.k8s.io", "v1", "TokenRequest");

    private static readonly ResourceDefinition Definition = new(Schema)
    {
        Resource = new GroupVersionResource(Kind.Group, Kind.Version, "tokenrequests"),
        Kind = Kind,
        ListKind = "",
        Singular = "tokenrequest",
        Namespaced = true,
        Verbs = new HashSet<string> { "create" },
        Strategy = new BuiltinStrategy(Kind, isNamespaced: true, hasStatus: false, Schema),
    };

    public static async Task HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        TokenRequests tokens = request.Server.Access.TokenRequests ?? throw ApiErrors.NoSuchResource();
        WriteOptions options = request.WriteOptions("CreateOptions");
        JsonObject json = await CreateHandler.ReadObjectAsync(request with { Resource = Definition }, options, cancellationToken);
        FieldManager.Update(null, json, Definition.Schema, options.FieldManager, request.Subresource, request.Server.Time.GetUtcNow());
        json = await SubresourceBody.AdmitAsync(request, request.Scope(options), Kind, json, cancellationToken);
        await ObjectResponse.WriteJsonAsync(
            request.Http, 201, tokens.Create(request.Cluster, request.Namespace, request.Name, json), Negotiation.WantsProtobuf(request.Http.Request.Headers.Accept), cancellationToken);
    }

    private static Schema Schema() => BuiltinTypes.Instance.Find(Kind) ?? throw new InvalidOperationException($"no type is known for {Kind}");
}
