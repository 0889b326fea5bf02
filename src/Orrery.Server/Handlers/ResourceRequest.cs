using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Authorization;
using Orrery.Server.Fairness;
using Orrery.Server.Registry;
using Orrery.Server.Requests;

namespace Orrery.Server.Handlers;

/// <summary>One request for a resource that is served: what every verb's handler is given.</summary>
internal sealed record ResourceRequest
{
    public required ServerState Server { get; init; }

    public required HttpContext Http { get; init; }

    public required RequestInfo Info { get; init; }

    public required UserInfo User { get; init; }

    public required ResourceDefinition Resource { get; init; }

    /// <summary>Its share of the server: a request that goes on for long disposes it once it has begun.</summary>
    public required Seat Seat { get; init; }

    /// <summary>Until when it has to be answered; null for no end.</summary>
    public DateTimeOffset? Deadline { get; init; }

    public ClusterName Cluster => Info.Cluster;

    /// <summary>Empty for a cluster-scoped resource, and for a list over all namespaces.</summary>
    public string Namespace => Resource.Namespaced ? Info.Namespace : "";

    public string Name => Info.Name;

    public string Subresource => Info.Subresource;

    public RequestQuery Query => Info.Query;

    /// <summary>What of its answers has a binary form. Over all clusters nothing: each object says which it is of, and no message has a field for that.</summary>
    public BinaryForms Binary => Cluster.IsAll ? BinaryForms.None : Resource.Protobuf is null ? BinaryForms.Metadata : BinaryForms.All;

    public WriteScope Scope(WriteOptions options) => new()
    {
        Resource = Resource,
        Cluster = Cluster,
        Namespace = Namespace,
        Name = Info.IsNameInPath ? Name : "",
        Subresource = Subresource,
        User = User,
        FieldManager = options.FieldManager,
        DryRun = options.DryRun,
        Options = options.ToJson,
        Notes = new ResponseNotes(Http),
        Seat = Seat,
        Deadline = Deadline,
    };

    public WriteOptions WriteOptions(string kind, bool apply = false) =>
        Handlers.WriteOptions.Read(Query, Http.Request.Headers.UserAgent.ToString(), kind, apply);

    /// <summary>A change of what is not there makes it: who may change it must then be allowed to create it, too.</summary>
    public Func<JsonObject> Creating(Func<JsonObject> absent) => () =>
    {
        Server.Access.Authorizer.Require(AuthorizationAttributes.From(User, Info) with { Verb = "create" });
        return absent();
    };

    public StoredObject Require(string name) =>
        Server.Objects.Find(Resource, Cluster, Namespace, name) ?? throw ApiErrors.NotFound(Resource.GroupResource, name);
}
