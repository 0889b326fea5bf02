using System.Text.Json.Nodes;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Apply;

/// <summary>
/// Keeps <c>metadata.managedFields</c>: who owns which field (structured-merge-diff, and apimachinery
/// <c>pkg/util/managedfields</c>). Both entry points run on the object as decoded and defaulted, before admission
/// and before the kind's preparation for storage, so that values set later by the server are owned by nobody.
/// </summary>
public static class FieldManager
{
    /// <summary>Server-side apply. Returns a new object with <c>managedFields</c>; the arguments stay untouched.</summary>
    /// <param name="live">The object as it is; null when apply creates it.</param>
    /// <param name="applied">What the manager wants, as sent (not defaulted); must not hold managedFields.</param>
    /// <param name="schema">Type of the object at the version of <paramref name="applied"/>.</param>
    /// <param name="manager">Name of the field manager; not empty.</param>
    /// <param name="force">Take conflicting fields from their owners.</param>
    /// <param name="subresource">Such as <c>status</c>; null for the object itself.</param>
    /// <param name="now">Time noted on a changed entry, to the second.</param>
    /// <param name="resetFields">Dotted paths that this endpoint never writes (<c>status</c> on the object itself, <c>spec</c> on its status): nobody comes to own them.</param>
    /// <exception cref="Api.StatusException">409 with a cause a conflict; 400 and 500 as upstream for objects that do not fit the schema.</exception>
    public static JsonObject Apply(
        JsonObject? live, JsonObject applied, Schema schema, string manager, bool force, string? subresource, DateTimeOffset now,
        IReadOnlyList<string>? resetFields = null) => throw new NotImplementedException();

    /// <summary>
    /// Every other write: sets <c>managedFields</c> of <paramref name="updated"/> in place. What differs from
    /// <paramref name="live"/> goes to <paramref name="manager"/> and is taken from everybody else. Never throws for odd
    /// objects: managed fields that cannot be read are dropped, as upstream does.
    /// </summary>
    /// <param name="live">The object before the write; null on create. Untouched.</param>
    public static void Update(
        JsonObject? live, JsonObject updated, Schema schema, string manager, string? subresource, DateTimeOffset now,
        IReadOnlyList<string>? resetFields = null) => throw new NotImplementedException();
}
