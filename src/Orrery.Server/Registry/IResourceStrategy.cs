using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;

namespace Orrery.Server.Registry;

/// <summary>What differs from kind to kind when an object is written, in the order in which the registry asks. Upstream: registry/rest.</summary>
internal interface IResourceStrategy
{
    /// <summary>Brings a parsed object into its typed form in place: unknown members are dropped.</summary>
    /// <param name="utf8">The body as it came, to find repeated members in; empty for an object that was computed, such as a patch's result.</param>
    /// <returns>What a strict reader would refuse: texts such as <c>unknown field "spec.foo"</c>.</returns>
    /// <exception cref="StatusException">400: another kind, or a member of the wrong type.</exception>
    IReadOnlyList<string> Decode(JsonObject json, ReadOnlySpan<byte> utf8);

    void Default(JsonObject json);

    /// <summary>As <see cref="Default"/>, for the outcome of an apply, in which nulls are left to be judged.</summary>
    void DefaultApplied(JsonObject json) => Default(json);

    /// <summary>Drops what a client may not set (status, generation).</summary>
    void PrepareForCreate(JsonObject json);

    /// <summary>Puts back what this endpoint may not change and raises the generation.</summary>
    /// <param name="subresource">Empty for the object itself, otherwise <c>status</c>, …</param>
    void PrepareForUpdate(JsonObject json, JsonObject old, string subresource);

    /// <summary>What is worth telling the author of a write that is not refused.</summary>
    /// <param name="old">Null for a new object; what was wrong with it before is not said again.</param>
    IReadOnlyList<string> Warn(JsonObject json, JsonObject? old) => [];

    IReadOnlyList<FieldError> ValidateCreate(JsonObject json, CancellationToken cancellationToken);

    /// <param name="warnings">Told of what is wrong, was so before, and is let pass.</param>
    IReadOnlyList<FieldError> ValidateUpdate(JsonObject json, JsonObject old, string subresource, ICollection<string> warnings, CancellationToken cancellationToken);

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
