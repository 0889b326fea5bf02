using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Handlers;

namespace Orrery.Server.Registry;

/// <summary>Writes of the server itself: the same road as a client's, without a request.</summary>
internal sealed class Writer(ObjectCreation creation, ObjectUpdate update, ObjectDeletion deletion)
{
    private static readonly UserInfo Server = new() { Name = "system:orrery", Groups = [UserGroups.Masters, UserGroups.Authenticated], Scope = ClusterScope.All };

    public ValueTask<WriteResult> CreateAsync(ResourceDefinition resource, ClusterName cluster, string ns, JsonObject json, string manager, CancellationToken cancellationToken)
    {
        json["apiVersion"] = resource.Kind.ApiVersion;
        json["kind"] = resource.Kind.Kind;
        resource.Strategy.Decode(json, default);
        resource.Strategy.Default(json);
        return creation.CreateAsync(Scope(resource, cluster, ns, "", manager), json, isApplied: false, cancellationToken);
    }

    /// <summary>Makes what is missing; what is there stays as it is.</summary>
    public async ValueTask EnsureAsync(ObjectStore objects, ResourceDefinition resource, ClusterName cluster, string ns, JsonObject json, string manager, CancellationToken cancellationToken)
    {
        if (objects.Exists(resource, cluster, ns, json.Name))
        {
            return;
        }

        try
        {
            await CreateAsync(resource, cluster, ns, json, manager, cancellationToken);
        }
        catch (StatusException taken) when (taken.IsAlreadyExists)
        {
            // Somebody else made it meanwhile.
        }
    }

    /// <summary>Changes an object in place, as often as somebody else is faster. False: it is gone.</summary>
    public async ValueTask<bool> UpdateAsync(
        ResourceDefinition resource, ClusterName cluster, string ns, string name, string subresource, string manager, Action<JsonObject> change, CancellationToken cancellationToken)
    {
        try
        {
            await update.UpdateAsync(
                Scope(resource, cluster, ns, name, manager) with { Subresource = subresource },
                new ObjectChange
                {
                    IsPatch = true,
                    Wanted = json =>
                    {
                        change(json);
                        return json;
                    },
                },
                cancellationToken);
            return true;
        }
        catch (StatusException gone) when (gone.IsNotFound)
        {
            return false;
        }
    }

    /// <summary>Deletes an object; one that is gone, or is another by now, is fine.</summary>
    /// <exception cref="StatusException">Conflict: a version was asked for, and it has another by now.</exception>
    public async ValueTask DeleteAsync(ResourceDefinition resource, ClusterName cluster, string ns, string name, DeleteOptions options, CancellationToken cancellationToken)
    {
        try
        {
            await deletion.DeleteAsync(Scope(resource, cluster, ns, name, ""), options, cancellationToken);
        }
        catch (StatusException gone) when (gone.IsNotFound || (gone.IsConflict && options is { Uid: not null, ResourceVersion: null }))
        {
            // Deleted, or replaced, by somebody else.
        }
    }

    private static WriteScope Scope(ResourceDefinition resource, ClusterName cluster, string ns, string name, string manager) => new()
    {
        Resource = resource,
        Cluster = cluster,
        Namespace = ns,
        Name = name,
        User = Server,
        FieldManager = manager,
        ByServer = true,
    };
}
