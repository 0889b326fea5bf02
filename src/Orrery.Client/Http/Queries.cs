using Orrery.Api;

namespace Orrery.Client;

/// <summary>What a list asks for.</summary>
public sealed record ListQuery
{
    public string? LabelSelector { get; init; }

    public string? FieldSelector { get; init; }

    /// <summary>Objects a page; the client fetches all pages. Zero asks for everything at once.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>Null reads the newest state; <c>0</c> any state the server has at hand.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary><c>Exact</c> or <c>NotOlderThan</c>; goes with <see cref="ResourceVersion"/>.</summary>
    public string? ResourceVersionMatch { get; init; }
}

/// <summary>What a watch asks for.</summary>
public sealed record WatchQuery
{
    /// <summary>Events after this one; null starts with the present objects as ADDED.</summary>
    public string? ResourceVersion { get; init; }

    public string? LabelSelector { get; init; }

    public string? FieldSelector { get; init; }

    /// <summary>Lets the server say now and then how far it is, so that a resume need not go far back.</summary>
    public bool AllowBookmarks { get; init; } = true;

    /// <summary>The present objects first, then a bookmark that says so, then changes (KEP-3157).</summary>
    public bool SendInitialEvents { get; init; }

    /// <summary>After how long the server ends the watch; null leaves it to the server.</summary>
    public TimeSpan? Timeout { get; init; }
}

/// <summary>How a delete is to be done; unsaid members leave the server's default.</summary>
public sealed record DeleteQuery
{
    public long? GracePeriodSeconds { get; init; }

    /// <summary><c>Background</c>, <c>Foreground</c> or <c>Orphan</c>.</summary>
    public string? PropagationPolicy { get; init; }

    /// <summary>Delete only the object with this uid; another one answers Conflict.</summary>
    public string? Uid { get; init; }

    /// <summary>Delete only at this version; another one answers Conflict.</summary>
    public string? ResourceVersion { get; init; }
}

/// <summary>The four patch types by what their body means.</summary>
public enum PatchKind
{
    /// <summary>RFC 6902.</summary>
    Json,

    /// <summary>RFC 7396.</summary>
    Merge,

    /// <summary>Merge that knows list keys; built-in kinds only.</summary>
    Strategic,

    /// <summary>Server-side apply; prefer <see cref="KubeClient.ApplyAsync"/>.</summary>
    Apply,
}

/// <summary>A complete list: all pages, as of <see cref="ResourceVersion"/>.</summary>
public sealed record KubeList(IReadOnlyList<KubeObject> Items, string ResourceVersion);

public enum WatchEventType
{
    Added,
    Modified,
    Deleted,

    /// <summary>Nothing changed; the object holds only a resourceVersion that the watch has reached.</summary>
    Bookmark,
}

/// <summary>One event of a watch. For Deleted the object is its last state.</summary>
public sealed record WatchEvent(WatchEventType Type, KubeObject Object)
{
    /// <summary>True on the bookmark that ends the initial events of <see cref="WatchQuery.SendInitialEvents"/>.</summary>
    public bool EndsInitialEvents =>
        Type == WatchEventType.Bookmark && Object.TextAt("metadata", "annotations", "k8s.io/initial-events-end") == "true";
}
