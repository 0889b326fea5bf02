using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;
using Orrery.Machinery.Schemas;

namespace Orrery.Server.Registry;

/// <summary>What differs from kind to kind when an object is written, in the order in which the registry asks. Upstream: registry/rest.</summary>
internal interface IResourceStrategy
{
    /// <summary>A body as an object of this kind: typed, unknown members dropped.</summary>
    /// <param name="strict">Whether to look for repeated and unknown members.</param>
    /// <exception cref="StatusException">400: no object, another kind, or a member of the wrong type.</exception>
    DecodedObject Decode(ReadOnlySpan<byte> body, bool strict);

    /// <summary>The same for an object that was computed, such as a patch's result.</summary>
    /// <returns>What a strict reader would refuse: texts such as <c>unknown field "spec.foo"</c>.</returns>
    /// <exception cref="StatusException">400: a member has the wrong type.</exception>
    IReadOnlyList<string> Conform(JsonObject json, bool strict);

    void Default(JsonObject json);

    /// <summary>Drops what a client may not set (status, generation).</summary>
    void PrepareForCreate(JsonObject json);

    /// <summary>Puts back what this endpoint may not change and raises the generation.</summary>
    /// <param name="subresource">Empty for the object itself, otherwise <c>status</c>, …</param>
    void PrepareForUpdate(JsonObject json, JsonObject old, string subresource);

    IReadOnlyList<FieldError> ValidateCreate(JsonObject json);

    IReadOnlyList<FieldError> ValidateUpdate(JsonObject json, JsonObject old, string subresource);

    /// <summary>After a deletion was marked, and before it is written: a namespace becomes Terminating, a definition gains its finalizer.</summary>
    /// <param name="now">RFC 3339, to the second.</param>
    void PrepareForDelete(JsonObject json, string now);

    /// <summary>Dotted paths that this endpoint never writes, so that no manager comes to own them.</summary>
    IReadOnlyList<string> ResetFields(string subresource);

    /// <summary>Deletion only marks the object and something else finishes it: no grace period is noted and the generation stays. Namespaces, definitions.</summary>
    bool IsDeletedByFinalizer { get; }

    /// <summary>A PUT to a name that does not exist makes the object.</summary>
    bool AllowCreateOnUpdate { get; }

    /// <summary>A PUT without resourceVersion overwrites whatever is there.</summary>
    bool AllowUnconditionalUpdate { get; }

    /// <summary>DELETE answers the object that was deleted instead of a Status.</summary>
    bool ReturnDeletedObject { get; }

    /// <summary>Fields that a field selector may name besides metadata.name and metadata.namespace; null when there are none.</summary>
    IReadOnlyList<SelectableField>? SelectableFields { get; }
}
