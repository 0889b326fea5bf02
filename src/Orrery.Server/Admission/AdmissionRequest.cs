using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;
using Orrery.Server.Authentication;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission;

/// <summary>What is being done.</summary>
internal enum AdmissionOperation
{
    Create,
    Update,
    Delete,

    /// <summary>A stream to what the object stands for, such as <c>pods/exec</c>.</summary>
    Connect,
}

/// <summary>One write, as admission sees it (apiserver <c>pkg/admission/interfaces.go</c>, Attributes).</summary>
internal sealed class AdmissionRequest
{
    private JsonObject? current;

    public required AdmissionOperation Operation { get; init; }

    /// <summary>The resource of the path, without its subresource.</summary>
    public required ResourceDefinition Resource { get; init; }

    /// <summary>What <see cref="Object"/> and <see cref="Old"/> are: the resource's kind, or that of a subresource such as <c>Scale</c>.</summary>
    public GroupVersionKind Kind { get => field.Kind is null ? Resource.Kind : field; init; }

    /// <summary>Nothing of another cluster may be looked at.</summary>
    public required ClusterName Cluster { get; init; }

    /// <summary>Empty for a cluster-scoped object.</summary>
    public required string Namespace { get; init; }

    /// <summary>As the request names it: empty when the server is to make one up, and for the deletes of a collection, where <see cref="Old"/> tells which it is.</summary>
    public required string Name { get; init; }

    /// <summary>Empty for the object itself.</summary>
    public string Subresource { get; init; } = "";

    /// <summary>
    /// Null on delete; the options of the stream on connect. The mutating phase edits it in place or replaces it; the validating
    /// phase leaves it alone.
    /// </summary>
    public JsonObject? Object { get => current; init => current = value; }

    /// <summary>Null on create and connect. Never changed.</summary>
    public JsonObject? Old { get; init; }

    public required UserInfo User { get; init; }

    public bool DryRun { get; init; }

    /// <summary>Until when the request has to be answered; null for no end.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>The server's own upkeep writes this: rules that a cluster's users made do not stand in its way.</summary>
    public bool ByServer { get; init; }

    /// <summary>
    /// The control plane itself writes: upkeep, or a controller of Orrery's that serves every cluster, such as the one that mirrors pods.
    /// What a cluster's users set up must neither refuse nor change nor delay that.
    /// </summary>
    public bool IsControlPlane => ByServer || User.Scope.IsAll;

    /// <summary>Makes the options of the request (<c>CreateOptions</c>, …), made only where something reads them.</summary>
    public required Func<AdmissionOperation, JsonObject> Options { get; init; }

    /// <summary>Where plugins say what does not refuse the write.</summary>
    public required IAdmissionNotes Notes { get; init; }

    /// <summary>Carries what plugins of the mutating phase remember of this request from their first run to a second.</summary>
    public Reinvocation Reinvocation { get; } = new();

    /// <summary>A plugin put another object in the place of the one that came: what the server keeps of an object has to be put back.</summary>
    public bool IsReplaced { get; private set; }

    /// <summary><see cref="Object"/> and <see cref="Old"/> in other versions of the resource, where a webhook converts between them.</summary>
    public Dictionary<ResourceDefinition, (JsonObject? Object, JsonObject? Old)> Converted => field ??= [];

    public GroupResource GroupResource => Resource.GroupResource;

    /// <summary>The namespace as policies and webhooks know it: a Namespace is in itself.</summary>
    public string RequestNamespace => GroupResource is { Group: "", Resource: "namespaces" } ? Name : Namespace;

    /// <summary>The type of <see cref="Object"/>.</summary>
    public Schema Schema => Kind == Resource.Kind
        ? Resource.Schema
        : BuiltinTypes.Instance.Find(Kind) ?? throw new InvalidOperationException($"no type is known for {Kind}");

    /// <summary>Puts a changed object in the place of the one that came, decoded and defaulted as a client's would be. For the mutating phase.</summary>
    /// <exception cref="StatusException">400: it does not fit the type.</exception>
    public void Replace(JsonObject json)
    {
        Decode(Resource, json);
        current = json;
        IsReplaced = true;
    }

    /// <summary>Decodes and defaults in place what was made of <see cref="Object"/>, as a client's would be.</summary>
    /// <param name="matched">The version of the resource that it is in.</param>
    /// <returns>What no such object has, such as <c>unknown field "spec.foo"</c>.</returns>
    /// <exception cref="StatusException">400: it does not fit the type.</exception>
    public IReadOnlyList<string> Decode(ResourceDefinition matched, JsonObject json)
    {
        if (Kind != Resource.Kind)
        {
            return ObjectDecoding.Builtin(json, default, Kind, Schema);
        }

        IReadOnlyList<string> unknown = matched.Strategy.Decode(json, default);
        matched.Strategy.Default(json);
        return unknown;
    }
}
