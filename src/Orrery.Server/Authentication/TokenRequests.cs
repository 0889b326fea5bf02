using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Clusters;

namespace Orrery.Server.Authentication;

/// <summary>
/// Answers <c>serviceaccounts/{name}/token</c>: a token for a service account, bound to its life and, when asked, to that
/// of a pod, secret or node. Rules of upstream's <c>pkg/registry/core/serviceaccount/storage/token.go</c>.
/// </summary>
internal sealed class TokenRequests(AccessTokens tokens, TokenIssuers issuers, LogicalClusters clusters, IClusterObjects objects, TimeProvider time)
{
    private const long DefaultSeconds = 3600;
    private const long MinSeconds = 600;
    private const long MaxSeconds = 1L << 32;
    private static readonly GroupKind Kind = new("authentication.k8s.io", "TokenRequest");

    /// <param name="request">The decoded, admitted body, whose metadata (managed fields) is kept.</param>
    /// <returns>The request with its defaults and its token.</returns>
    /// <exception cref="StatusException">404 for the account or the bound object; 409 for a uid that differs; 422.</exception>
    public JsonObject Create(ClusterName cluster, string ns, string name, JsonObject request)
    {
        // 1. The account, which must be there and stay, and be the one that the body names, if it names one.
        RequireSame(ns, name, request);
        KubeObject account = objects.Find(cluster, new GroupResource("", "serviceaccounts"), ns, name)
            ?? throw ApiErrors.NotFound(new GroupResource("", "serviceaccounts"), name);
        if (request.Uid is { Length: > 0 } uid && uid != account.Uid)
        {
            throw ApiErrors.Conflict(new GroupResource(Kind.Group, Kind.Kind), name, $"the UID in the token request ({uid}) does not match the UID of the service account ({account.Uid})");
        }

        // 2. Defaults and limits.
        JsonObject spec = request.ObjectAt("spec");
        long seconds = spec.NumberAt("expirationSeconds") ?? DefaultSeconds;
        string[] audiences = spec["audiences"] is JsonArray { Count: > 0 } list ? [.. list.Select(a => a!.GetValue<string>())] : [.. issuers.Audiences];
        if (seconds is < MinSeconds or > MaxSeconds)
        {
            string limit = seconds < MinSeconds ? "may not specify a duration less than 10 minutes" : "may not specify a duration larger than 2^32 seconds";
            throw ApiErrors.Invalid(Kind, "", [FieldError.Invalid("spec.expirationSeconds", seconds, limit)]);
        }

        // 3. What else it is bound to.
        IReadOnlyList<BoundObject> bound = Bound(cluster, account, spec["boundObjectRef"] as JsonObject);

        // 4. The answer.
        DateTimeOffset now = time.GetUtcNow(), expires = now.AddSeconds(seconds);
        var metadata = new JsonObject { ["name"] = name, ["namespace"] = ns, ["uid"] = account.Uid, ["creationTimestamp"] = Stamp(now) };
        foreach ((string member, JsonNode? value) in request["metadata"] as JsonObject ?? [])
        {
            metadata.TryAdd(member, value?.DeepClone());
        }

        return new JsonObject
        {
            ["kind"] = "TokenRequest",
            ["apiVersion"] = "authentication.k8s.io/v1",
            ["metadata"] = metadata,
            ["spec"] = new JsonObject
            {
                ["audiences"] = new JsonArray([.. audiences.Select(a => (JsonNode)a)]),
                ["expirationSeconds"] = seconds,
                ["boundObjectRef"] = spec["boundObjectRef"]?.DeepClone(),
            },
            ["status"] = new JsonObject
            {
                ["token"] = tokens.IssueForServiceAccount(clusters.ScopeOf(cluster) ?? throw ApiErrors.NotFound(new GroupResource("", "serviceaccounts"), name), account, audiences, bound, expires),
                ["expirationTimestamp"] = Stamp(expires),
            },
        };
    }

    private static void RequireSame(string ns, string name, JsonObject request)
    {
        if (request.Namespace is { Length: > 0 } other && other != ns)
        {
            throw ApiErrors.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
        }

        if (request.Name is { Length: > 0 } named && named != name)
        {
            throw ApiErrors.Invalid(Kind, name, [FieldError.Invalid("metadata.name", named, "must match the service account name if specified")]);
        }
    }

    private IReadOnlyList<BoundObject> Bound(ClusterName cluster, KubeObject account, JsonObject? reference)
    {
        if (reference is null)
        {
            return [];
        }

        string kind = reference.Kind, name = reference.TextAt("name") ?? "", uid = reference.TextAt("uid") ?? "";
        GroupVersionKind type = GroupVersionKind.From(reference.ApiVersion, kind);
        (string claim, string resource, string ns) = (type.Group, kind) switch
        {
            ("", "Pod") => ("pod", "pods", account.Namespace),
            ("", "Secret") => ("secret", "secrets", account.Namespace),
            ("", "Node") => ("node", "nodes", ""),
            _ => throw ApiErrors.BadRequest($"cannot bind token to object of type {type}"),
        };
        var group = new GroupResource("", resource);
        KubeObject live = objects.Find(cluster, group, ns, name) ?? throw ApiErrors.NotFound(group, name);
        if (claim == "pod" && live.TextAt("spec", "serviceAccountName") != account.Name)
        {
            throw ApiErrors.BadRequest($"cannot bind token for serviceaccount \"{account.Name}\" to pod running with different serviceaccount name.");
        }

        if (uid.Length > 0 && uid != live.Uid)
        {
            throw ApiErrors.Conflict(new GroupResource("", kind), name, $"the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated");
        }

        // A pod's token says where the pod runs.
        return claim == "pod" && live.TextAt("spec", "nodeName") is { Length: > 0 } node
            ? [new BoundObject(claim, name, live.Uid), new BoundObject("node", node, objects.Find(cluster, new GroupResource("", "nodes"), "", node)?.Uid ?? "")]
            : [new BoundObject(claim, name, live.Uid)];
    }

    private static string Stamp(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
