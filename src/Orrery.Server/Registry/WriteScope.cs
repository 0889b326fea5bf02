using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Admission;
using Orrery.Server.Authentication;
using Orrery.Server.Fairness;

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

    /// <summary>The server's own upkeep, which no policy or webhook stands in the way of.</summary>
    public bool ByServer { get; init; }

    /// <summary>The options of the request as an object (<c>CreateOptions</c>, <c>UpdateOptions</c>, <c>DeleteOptions</c>), for admission.</summary>
    public Func<AdmissionOperation, JsonObject> Options { get; init; } = static operation => new JsonObject { ["kind"] = operation + "Options", ["apiVersion"] = "meta.k8s.io/v1" };

    public IAdmissionNotes Notes { get; init; } = NoNotes.Instance;

    /// <summary>What its request has taken of the server, which is for others while the store works.</summary>
    public Seat Seat { get; init; } = Seat.None;

    /// <summary>Until when its request has to be answered; null for no end.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>One delete of many: the request names no object, and so admission is told none.</summary>
    public bool IsOfCollection { get; init; }

    public GroupResource GroupResource => Resource.GroupResource;

    /// <summary>The control plane itself writes: upkeep, or a controller of Orrery's that serves every cluster.</summary>
    public bool IsControlPlane => ByServer || User.Scope.IsAll;

    /// <summary>Tells the client what its object may not mean. Upstream: <c>rest.BeforeCreate</c> and <c>BeforeUpdate</c>.</summary>
    /// <param name="old">Null for a new object.</param>
    public void Warn(JsonObject json, JsonObject? old)
    {
        if (ByServer || Subresource is not ("" or "scale"))
        {
            return;
        }

        foreach (string text in Resource.Strategy.Warn(json, old))
        {
            Notes.Warn(text);
        }
    }

    /// <summary>This write for admission.</summary>
    /// <param name="name">Empty when the server is to make one up.</param>
    /// <param name="kind">Of what admission sees; null for the resource's own.</param>
    public AdmissionRequest Admission(AdmissionOperation operation, string name, JsonObject? json, JsonObject? old, GroupVersionKind? kind = null) => new()
    {
        Operation = operation,
        Resource = Resource,
        Kind = kind ?? Resource.Kind,
        Cluster = Cluster,
        Namespace = Namespace,
        Name = IsOfCollection ? "" : name,
        Subresource = Subresource,
        Object = json,
        Old = old,
        User = User,
        DryRun = DryRun,
        ByServer = ByServer,
        Options = Options,
        Notes = Notes,
        Deadline = Deadline,
    };
}

/// <summary>What a write left behind.</summary>
/// <param name="Json">The object in its stored version, resourceVersion included (not after a dry-run create, which has none).</param>
/// <param name="Revision">Zero after a dry run.</param>
internal sealed record WriteResult(ReadOnlyMemory<byte> Json, long Revision, bool Created = false, bool Deleted = false)
{
    /// <summary>Why nothing was written; null where it was.</summary>
    public StatusException? Refusal { get; init; }
}
