using Orrery.Api;

namespace Orrery.Machinery.OpenApi;

/// <summary>One method on one path, before a dialect writes it.</summary>
/// <param name="Method">Lower case.</param>
/// <param name="Action"><c>x-kubernetes-action</c>: <c>list</c>, <c>post</c>, <c>get</c>, <c>put</c>, <c>patch</c>, <c>delete</c>, <c>deletecollection</c>.</param>
/// <param name="Kind"><c>x-kubernetes-group-version-kind</c>.</param>
/// <param name="Body">Type of the request's body; null when there is none.</param>
/// <param name="Answer">Type of the answer; null where none is known.</param>
/// <param name="Parameters">Of the query, by name.</param>
internal sealed record Operation(string Method, string Action, string Id, GroupVersionKind Kind, string? Body, string? Answer, IReadOnlyList<string> Parameters)
{
    private static readonly string[] Deletion = ["dryRun", "gracePeriodSeconds", "ignoreStoreReadErrorWithClusterBreakingPotential", "orphanDependents", "propagationPolicy"];
    private static readonly string[] Selection = ["continue", "fieldSelector", "labelSelector", "limit", "resourceVersion", "resourceVersionMatch", "sendInitialEvents", "timeoutSeconds"];

    public static readonly IReadOnlyList<string> OfWrite = ["dryRun", "fieldManager", "fieldValidation"];
    public static readonly IReadOnlyList<string> OfPatch = ["dryRun", "fieldManager", "fieldValidation", "force"];
    public static readonly IReadOnlyList<string> OfList = ["allowWatchBookmarks", .. Selection, "watch"];
    public static readonly IReadOnlyList<string> OfDelete = Deletion;
    public static readonly IReadOnlyList<string> OfDeleteCollection = [.. Deletion, .. Selection];

    /// <summary>JSON type of a parameter.</summary>
    public static string TypeOf(string parameter) => parameter switch
    {
        "limit" or "timeoutSeconds" or "gracePeriodSeconds" => "integer",
        "allowWatchBookmarks" or "watch" or "sendInitialEvents" or "force" or "orphanDependents" or "ignoreStoreReadErrorWithClusterBreakingPotential" => "boolean",
        _ => "string",
    };
}

/// <param name="Path">With <c>{namespace}</c> and <c>{name}</c>.</param>
internal sealed record PathItem(string Path, IReadOnlyList<Operation> Operations)
{
    public IEnumerable<string> PathParameters => ((string[])["name", "namespace"]).Where(p => Path.Contains($"{{{p}}}", StringComparison.Ordinal));
}
