using Orrery.Api;

namespace Orrery.Machinery.OpenApi;

/// <summary>The paths of a resource and what can be done on each, in upstream's names (apiserver <c>pkg/endpoints/installer.go</c>).</summary>
internal static class ResourcePaths
{
    public static IEnumerable<PathItem> Of(OpenApiResource resource)
    {
        string root = resource.Resource.GroupVersionPath;
        string plural = resource.Resource.Resource;
        string collection = resource.Namespaced ? $"{root}/namespaces/{{namespace}}/{plural}" : $"{root}/{plural}";
        string scope = resource.Namespaced ? "Namespaced" : "";
        string prefix = OperationPrefix(resource.Resource);
        GroupVersionKind kind = resource.GroupVersionKind;
        string? one = TypeNames.Of(kind, resource.Custom is not null);
        string? many = TypeNames.Of(kind with { Kind = resource.ListKind }, resource.Custom is not null);
        if (resource.Namespaced && resource.Verbs.Contains("list"))
        {
            yield return new PathItem($"{root}/{plural}", [new("get", "list", $"list{prefix}{kind.Kind}ForAllNamespaces", kind, null, many, Operation.OfList)]);
        }

        var here = new Target($"{prefix}{scope}{kind.Kind}", kind, one, resource.Verbs);
        yield return new PathItem(collection, [.. Collection(here, many, $"{prefix}Collection{scope}{kind.Kind}")]);
        if (resource.Verbs.Any(v => v is "get" or "update" or "patch" or "delete"))
        {
            yield return new PathItem($"{collection}/{{name}}", [.. Item(here)]);
        }

        foreach (OpenApiSubresource sub in resource.Subresources)
        {
            string? body = TypeNames.Of(sub.Kind, resource.Custom is not null && sub.Kind.Group == resource.Resource.Group);
            string title = char.ToUpperInvariant(sub.Name[0]) + sub.Name[1..];
            yield return new PathItem($"{collection}/{{name}}/{sub.Name}", [.. Subresource(new Target($"{prefix}{scope}{kind.Kind}{title}", sub.Kind, body, sub.Verbs))]);
        }
    }

    /// <summary><c>apps_v1</c>, <c>core_v1</c>, <c>rbacAuthorization_v1</c>.</summary>
    public static string Tag(string group, string version) => $"{Tag(group)}_{version}";

    /// <summary><c>apps</c>, <c>rbacAuthorization</c>.</summary>
    public static string Tag(string group)
    {
        string name = GroupTitle(group);
        return $"{char.ToLowerInvariant(name[0])}{name[1..]}";
    }

    /// <summary><c>AppsV1</c>, <c>CoreV1</c>.</summary>
    public static string OperationPrefix(GroupVersionResource resource) => GroupTitle(resource.Group) + char.ToUpperInvariant(resource.Version[0]) + resource.Version[1..];

    /// <summary><c>Apps</c>, <c>RbacAuthorization</c>.</summary>
    public static string GroupTitle(string group)
    {
        string name = group.Length == 0 ? "core" : group.EndsWith(".k8s.io", StringComparison.Ordinal) ? group[..^".k8s.io".Length] : group;
        return string.Concat(name.Split('.', '-').Where(p => p.Length > 0).Select(p => char.ToUpperInvariant(p[0]) + p[1..]));
    }

    private static IEnumerable<Operation> Collection(Target target, string? list, string collectionId)
    {
        if (target.Verbs.Contains("list"))
        {
            yield return new("get", "list", "list" + target.Id, target.Kind, null, list, Operation.OfList);
        }

        if (target.Verbs.Contains("create"))
        {
            yield return new("post", "post", "create" + target.Id, target.Kind, target.Type, target.Type, Operation.OfWrite);
        }

        if (target.Verbs.Contains("deletecollection"))
        {
            yield return new("delete", "deletecollection", "delete" + collectionId, target.Kind, TypeNames.DeleteOptions, TypeNames.Status, Operation.OfDeleteCollection);
        }
    }

    private static IEnumerable<Operation> Item(Target target)
    {
        foreach (Operation operation in ByName(target))
        {
            yield return operation;
        }

        if (target.Verbs.Contains("delete"))
        {
            yield return new("delete", "delete", "delete" + target.Id, target.Kind, TypeNames.DeleteOptions, TypeNames.Status, Operation.OfDelete);
        }
    }

    private static IEnumerable<Operation> Subresource(Target target)
    {
        foreach (Operation operation in ByName(target))
        {
            yield return operation;
        }

        if (target.Verbs.Contains("create"))
        {
            yield return new("post", "post", "create" + target.Id, target.Kind, target.Type, target.Type, Operation.OfWrite);
        }
    }

    private static IEnumerable<Operation> ByName(Target target)
    {
        if (target.Verbs.Contains("get"))
        {
            yield return new("get", "get", "read" + target.Id, target.Kind, null, target.Type, []);
        }

        if (target.Verbs.Contains("update"))
        {
            yield return new("put", "put", "replace" + target.Id, target.Kind, target.Type, target.Type, Operation.OfWrite);
        }

        if (target.Verbs.Contains("patch"))
        {
            yield return new("patch", "patch", "patch" + target.Id, target.Kind, TypeNames.Patch, target.Type, Operation.OfPatch);
        }
    }

    private sealed record Target(string Id, GroupVersionKind Kind, string? Type, IReadOnlyCollection<string> Verbs);
}
