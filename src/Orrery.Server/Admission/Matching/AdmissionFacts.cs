using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Admission;
using Orrery.Machinery.Cel;
using Orrery.Server.Authentication;
using Orrery.Server.Authorization;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission.Matching;

/// <summary>What policies and webhooks may know of a request beside the object: its namespace, the other versions of its resource, and what its user may do. All of the request's own cluster.</summary>
internal sealed class AdmissionFacts(ObjectStore objects, ResourceCatalog resources, ObjectVersions versions, IAuthorizer authorizer)
{
    private static readonly ResourceDefinition Namespaces = BuiltinResources.Instance.Require("", "v1", "namespaces");

    /// <summary>The namespace of the object; null for what is in none, and for a Namespace itself.</summary>
    /// <exception cref="StatusException">404: it is not there.</exception>
    public JsonObject? Namespace(AdmissionRequest request) => request.Namespace.Length == 0 ? null : RequireNamespace(request);

    /// <exception cref="StatusException">404: it is not there.</exception>
    public JsonObject RequireNamespace(AdmissionRequest request) =>
        objects.Find(Namespaces, request.Cluster, "", request.Namespace) is { } found
            ? ObjectStore.Decode(Namespaces, found)
            : throw ApiErrors.NotFound(Namespaces.GroupResource, request.Namespace);

    /// <summary>Other resources under which the same objects are served.</summary>
    public IEnumerable<ResourceDefinition> Equivalents(AdmissionRequest request) => resources.Equivalents(request.Cluster, request.Resource);

    /// <summary>
    /// Makes what <see cref="As"/> and <see cref="Input"/> will ask for where a webhook has to convert it: to be called before either, each time
    /// that the object may have changed.
    /// </summary>
    /// <param name="matched">The resource that the rules speak of.</param>
    /// <exception cref="StatusException">500: it could not be converted.</exception>
    public async ValueTask PrepareAsync(AdmissionRequest request, ResourceDefinition matched, CancellationToken cancellationToken)
    {
        if (matched.Remote is not null && IsOther(matched, request))
        {
            request.Converted[matched] = (await ToAsync(request.Object), await ToAsync(request.Old));
        }

        async ValueTask<JsonObject?> ToAsync(JsonObject? json) =>
            json is null ? null : await versions.ToAsync(matched, request.Cluster, json, matched.Kind.ApiVersion, cancellationToken);
    }

    /// <summary>An object of the request as it is in another version of its resource; a copy where that is another.</summary>
    public static JsonObject? As(ResourceDefinition wanted, AdmissionRequest request, JsonObject? json)
    {
        // What a subresource shows in the object's place, such as a Scale, is of one version.
        if (json is null || !IsOther(wanted, request))
        {
            return json;
        }

        if (wanted.Remote is not null)
        {
            (JsonObject? now, JsonObject? old) = request.Converted[wanted];
            return ReferenceEquals(json, request.Old) ? old : now;
        }

        var copy = (JsonObject)json.DeepClone();
        request.Resource.Conversion?.ToStored(copy);
        wanted.Conversion?.FromStored(copy);
        return copy;
    }

    /// <summary>Puts an object that was changed in another version back into the request's own.</summary>
    /// <exception cref="StatusException">500: it could not be converted.</exception>
    public async ValueTask<JsonObject> BackAsync(ResourceDefinition from, AdmissionRequest request, JsonObject json, CancellationToken cancellationToken)
    {
        if (from.Remote is not null)
        {
            return IsOther(from, request) ? await versions.ToAsync(from, request.Cluster, json, request.Resource.Kind.ApiVersion, cancellationToken) : json;
        }

        if (IsOther(from, request))
        {
            from.Conversion?.ToStored(json);
            request.Resource.Conversion?.FromStored(json);
        }

        return json;
    }

    private static bool IsOther(ResourceDefinition wanted, AdmissionRequest request) => !ReferenceEquals(wanted, request.Resource) && request.Kind == request.Resource.Kind;

    /// <summary>What expressions look at.</summary>
    /// <param name="matched">The resource that the rules speak of.</param>
    /// <exception cref="StatusException">404: the object's namespace is not there.</exception>
    public AdmissionInput Input(AdmissionRequest request, ResourceDefinition matched) => new()
    {
        Object = As(matched, request, request.Object),
        Old = As(matched, request, request.Old),
        Request = ReviewRequest.Make(request, matched),
        Namespace = Namespace(request),
        Authorizer = new RequestAuthorizer(authorizer, request.User, request.Cluster, matched),
        RequestResource = new CelAccess
        {
            Group = matched.Resource.Group,
            Resource = matched.Resource.Resource,
            Subresource = request.Subresource,
            Namespace = request.Namespace,
            Name = request.Name,
        },
    };

    /// <summary>The authorizer of one request's cluster, for its user and for service accounts of that cluster.</summary>
    private sealed class RequestAuthorizer(IAuthorizer authorizer, UserInfo user, ClusterName cluster, ResourceDefinition matched) : ICelAuthorizer
    {
        public CelAccessDecision Check(CelAccess access)
        {
            UserInfo who = access.ServiceAccount is not var (ns, name) ? user : new UserInfo
            {
                Name = ServiceAccountName.User(ns, name),
                Groups = [.. ServiceAccountName.Groups(ns), UserGroups.Authenticated],
                Scope = new ClusterScope(cluster, user.Scope.Uid),
            };
            AuthorizationDecision decision = authorizer.Authorize(new AuthorizationAttributes
            {
                User = who,
                Cluster = cluster,
                Verb = access.Verb,
                IsResourceRequest = access.Path is null,
                Path = access.Path ?? "",
                Group = access.Group,
                Version = access.Resource == matched.Resource.Resource && access.Group == matched.Resource.Group ? matched.Resource.Version : "*",
                Resource = access.Resource,
                Subresource = access.Subresource,
                Namespace = access.Namespace,
                Name = access.Name,
                FieldSelector = SelectorLimit.OfFields(access.FieldSelector),
                LabelSelector = SelectorLimit.OfLabels(access.LabelSelector),
            });
            return new CelAccessDecision(decision.Allowed, decision.Reason, decision.Error is { Length: > 0 } error ? error : null);
        }
    }
}
