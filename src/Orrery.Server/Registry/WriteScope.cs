using Orrery.Api;
using Orrery.Server.Authentication;

namespace Orrery.Server.Registry;

/// <summary>Who writes what, and how: the same for every step of one write.</summary>
internal sealed record WriteScope
{
    public required ResourceDefinition Resource { get; init; }

    public required ClusterName Cluster { get; init; }

    /// <summary>Empty for a cluster-scoped object.</summary>
    public required string Namespace { get; init; }

    /// <summary>Empty on a create: the object says it.</summary>
    public string Name { get; init; } = "";

    /// <summary>Empty for the object itself.</summary>
    public string Subresource { get; init; } = "";

    public required UserInfo User { get; init; }

    /// <summary>Owner of the fields that an update changes.</summary>
    public required string FieldManager { get; init; }

    /// <summary>Everything but the commit.</summary>
    public bool DryRun { get; init; }

    public GroupResource GroupResource => Resource.GroupResource;
}

/// <summary>What a write left behind.</summary>
/// <param name="Json">The object in its stored version, resourceVersion included (not after a dry-run create, which has none).</param>
/// <param name="Revision">Zero after a dry run.</param>
internal sealed record WriteResult(ReadOnlyMemory<byte> Json, long Revision, bool Created = false, bool Deleted = false);
