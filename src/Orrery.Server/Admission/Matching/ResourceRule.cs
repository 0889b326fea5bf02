using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Server.Admission.Matching;

/// <summary>One rule of a policy or a webhook: which operations on which resources (apiserver <c>pkg/admission/plugin/webhook/predicates/rules</c>).</summary>
internal sealed class ResourceRule
{
    private static readonly GroupResource Namespaces = new("", "namespaces");

    private readonly string[] operations;
    private readonly string[] groups;
    private readonly string[] versions;
    private readonly (string Resource, string Subresource)[] resources;
    private readonly string[] names;
    private readonly string scope;

    private ResourceRule(JsonObject json)
    {
        operations = Texts(json, "operations");
        groups = Texts(json, "apiGroups");
        versions = Texts(json, "apiVersions");
        resources = [.. Texts(json, "resources").Select(r => r.Split('/', 2)).Select(p => (p[0], p.Length > 1 ? p[1] : ""))];
        names = Texts(json, "resourceNames");
        scope = json.TextAt("scope") ?? "*";
    }

    /// <summary>The rules of a list member such as <c>resourceRules</c>; none where it is missing.</summary>
    public static ResourceRule[] All(JsonObject owner, string member) =>
        owner[member] is JsonArray rules ? [.. rules.OfType<JsonObject>().Select(r => new ResourceRule(r))] : [];

    /// <param name="resource">The request's own, or one that shows the same objects.</param>
    public bool Matches(AdmissionRequest request, GroupVersionResource resource) =>
        Has(operations, Words.Operation(request.Operation))
        && Has(groups, resource.Group)
        && Has(versions, resource.Version)
        && resources.Any(r => r.Resource is "*" || r.Resource == resource.Resource ? r.Subresource is "*" || r.Subresource == request.Subresource : false)
        && (names.Length == 0 || names.Contains(request.Name, StringComparer.Ordinal))
        && IsInScope(request);

    /// <summary>A Namespace counts as cluster-scoped.</summary>
    private bool IsInScope(AdmissionRequest request) => scope switch
    {
        "Namespaced" => request.Namespace.Length > 0 && request.GroupResource != Namespaces,
        "Cluster" => request.Namespace.Length == 0 || request.GroupResource == Namespaces,
        _ => true,
    };

    private static bool Has(string[] allowed, string value) => Array.IndexOf(allowed, "*") >= 0 || Array.IndexOf(allowed, value) >= 0;

    private static string[] Texts(JsonObject json, string member) => json[member] is JsonArray list ? [.. list.Select(t => t?.GetValue<string>() ?? "")] : [];
}

/// <summary>Names of the protocol.</summary>
internal static class Words
{
    public static string Operation(AdmissionOperation operation) => operation switch
    {
        AdmissionOperation.Create => "CREATE",
        AdmissionOperation.Update => "UPDATE",
        AdmissionOperation.Delete => "DELETE",
        _ => "CONNECT",
    };
}
