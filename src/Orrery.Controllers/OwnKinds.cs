using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers;

/// <summary>Steps that the reconcilers of our own kinds share. Each writes only a difference.</summary>
internal static class OwnKinds
{
    /// <summary>A copy of the present status, to be edited and given to <see cref="WriteStatusAsync"/>.</summary>
    public static JsonObject StatusOf(KubeObject current) => current.ToJsonObject()["status"]?.DeepClone() as JsonObject ?? [];

    /// <summary>Replaces the status when it differs. For kinds whose status has one writer.</summary>
    public static async Task WriteStatusAsync(
        KubeClient client, Informer informer, KubeObject current, JsonObject status, CancellationToken cancellationToken)
    {
        if (JsonComparison.IsSame(current.At("status"), status))
        {
            return;
        }

        var patch = new JsonArray(
            new JsonObject { ["op"] = "test", ["path"] = "/metadata/uid", ["value"] = current.Uid },
            new JsonObject { ["op"] = "add", ["path"] = "/status", ["value"] = status });
        informer.Observe(await client.PatchAsync(
            informer.Resource, current.Namespace, current.Name, PatchKind.Json, patch, cancellationToken, "status").ConfigureAwait(false));
    }

    /// <summary>Adds or removes a finalizer, unless the object changed since it was read (Conflict, tried again).</summary>
    public static async Task SetFinalizerAsync(
        KubeClient client, Informer informer, KubeObject current, string finalizer, bool present, CancellationToken cancellationToken)
    {
        if (current.Finalizers.Contains(finalizer) == present)
        {
            return;
        }

        IEnumerable<string> names = present ? current.Finalizers.Append(finalizer) : current.Finalizers.Where(f => f != finalizer);
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = current.ResourceVersion, ["finalizers"] = List(names) },
        };
        KubeObject written = await client.PatchAsync(
            informer.Resource, current.Namespace, current.Name, PatchKind.Merge, patch, cancellationToken).ConfigureAwait(false);
        if (present)
        {
            informer.Observe(written);
        }
    }

    /// <summary>Deletes this very object; one that is gone already is what was wanted.</summary>
    public static async Task DeleteAsync(KubeClient client, GroupVersionResource resource, KubeObject gone, CancellationToken cancellationToken)
    {
        try
        {
            await client.DeleteAsync(resource, gone.Namespace, gone.Name, new DeleteQuery { Uid = gone.Uid }, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // Gone already: what was wanted.
        }
    }

    public static JsonArray List(IEnumerable<string> values) => [.. values.Select(v => (JsonNode)JsonValue.Create(v)!)];

    /// <summary>An owner reference for what is to go when the owner goes.</summary>
    public static JsonObject OwnedBy(KubeObject owner) => new()
    {
        ["apiVersion"] = owner.ApiVersion,
        ["kind"] = owner.Kind,
        ["name"] = owner.Name,
        ["uid"] = owner.Uid,
        ["controller"] = true,
    };

    /// <summary>A namespace of root, of ours, that goes with its owner.</summary>
    public static JsonObject Namespace(string name, string label, string value, KubeObject owner) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Namespace",
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["labels"] = new JsonObject { [OrreryNames.ManagedByLabel] = OrreryNames.Manager, [label] = value },
            ["ownerReferences"] = new JsonArray(OwnedBy(owner)),
        },
    };
}
