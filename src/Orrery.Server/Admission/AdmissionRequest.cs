using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission;

/// <summary>What is being written.</summary>
internal enum AdmissionOperation
{
    Create,
    Update,
    Delete,
}

/// <summary>One write, as admission sees it.</summary>
internal sealed record AdmissionRequest
{
    public required AdmissionOperation Operation { get; init; }

    public required ResourceDefinition Resource { get; init; }

    public required ClusterName Cluster { get; init; }

    /// <summary>Empty for a cluster-scoped object.</summary>
    public required string Namespace { get; init; }

    /// <summary>Empty when the server is to make one up.</summary>
    public required string Name { get; init; }

    /// <summary>Empty for the object itself.</summary>
    public string Subresource { get; init; } = "";

    /// <summary>Null on delete. A plugin edits it in place.</summary>
    public JsonObject? Object { get; init; }

    /// <summary>Null on create. Never changed.</summary>
    public JsonObject? Old { get; init; }

    public required UserInfo User { get; init; }

    public GroupResource GroupResource => Resource.GroupResource;
}

/// <summary>One rule about writes that is no part of a kind's own validation.</summary>
internal interface IAdmissionPlugin
{
    /// <summary>Lets the write pass, edits its object, or refuses it.</summary>
    /// <exception cref="StatusException">Refused.</exception>
    ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken);
}
