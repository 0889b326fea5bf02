using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Patches;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Apply;

/// <summary>
/// Keeps <c>metadata.managedFields</c>: who owns which field (structured-merge-diff, and apimachinery
/// <c>pkg/util/managedfields</c>). Both entry points run on the object as decoded and defaulted, before admission
/// and before the kind's preparation for storage, so that values set later by the server are owned by nobody.
/// </summary>
public static class FieldManager
{
    /// <summary>Owner of all that an object held before anybody applied it, when no managed fields were kept until then.</summary>
    private const string BeforeFirstApply = "before-first-apply";

    private const string Scale = "scale";
    private static readonly FieldSet ManagedFieldsPath = FieldSet.OfNames("metadata", "managedFields");

    /// <summary>Server-side apply. Returns a new object with <c>managedFields</c>; the arguments stay untouched.</summary>
    /// <param name="live">The object as it is; null when apply creates it.</param>
    /// <param name="applied">What the manager wants, as sent (not defaulted); must not hold managedFields.</param>
    /// <param name="schema">Type of the object at the version of <paramref name="applied"/>.</param>
    /// <param name="manager">Name of the field manager; not empty.</param>
    /// <param name="force">Take conflicting fields from their owners.</param>
    /// <param name="subresource">Such as <c>status</c>; null for the object itself.</param>
    /// <param name="now">Time noted on a changed entry, to the second.</param>
    /// <param name="resetFields">Dotted paths that this endpoint never writes (<c>status</c> on the object itself, <c>spec</c> on its status): nobody comes to own them.</param>
    /// <exception cref="StatusException">409 with a cause a conflict; 400 and 500 as upstream for objects that do not fit the schema.</exception>
    public static JsonObject Apply(
        JsonObject? live, JsonObject applied, Schema schema, string manager, bool force, string? subresource, DateTimeOffset now,
        IReadOnlyList<string>? resetFields = null)
    {
        schema = RootSchemas.Complete(schema);
        now = WholeSeconds(now);
        string apiVersion = applied.ApiVersion;
        FieldSet ignored = SetOf(resetFields);
        JsonObject before = live is null ? [] : WithoutManagedFields(live);

        // 1. Entries of an object that was never tracked begin with its first apply.
        ManagedFields managed = DecodeLive(live).Follow(schema);
        if (managed.Count == 0 && live is not null)
        {
            Comparison all = Comparison.Of(ZeroObjects.Of(schema), before, schema).Without(ignored);
            Ownership.Take(managed, all, ManagerIdentity.OfUpdate(BeforeFirstApply, apiVersion, subresource), apiVersion, now);
        }

        // 2. What is applied must fit its type.
        if (applied.NodeAt("metadata", "managedFields") is not null)
        {
            throw ApiErrors.BadRequest("metadata.managedFields must be nil");
        }

        if (TypedCheck.FaultsOf(applied, schema) is { } faults)
        {
            throw PatchErrors.Plain($"failed to create typed patch object ({applied.Namespace}/{applied.Name}; {applied.GroupVersionKind}): {faults}");
        }

        // 3. Merge and settle, forced where client-side apply proves that the fields are the applier's own.
        ManagerIdentity applier = ManagerIdentity.OfApply(manager, subresource);
        JsonObject? merged = Ownership.Apply(before, applied, schema, managed, applier, apiVersion, force, ignored, out ApplyConflicts conflicts);
        if (!force && !conflicts.IsEmpty)
        {
            FieldSet? allowed = manager == LastApplied.KubectlManager ? LastApplied.AllowedConflicts(before, schema) : null;
            ApplyConflicts disputed = allowed is null ? conflicts : conflicts.Without(allowed);
            if (!disputed.IsEmpty)
            {
                throw disputed.ToException();
            }

            merged = Ownership.Apply(before, applied, schema, managed, applier, apiVersion, true, ignored, out _);
        }

        // 4. An apply that changes nothing but ownership leaves the time alone.
        if (merged is not null && managed.Find(applier) is { } entry)
        {
            managed.Set(entry with { Time = now });
        }

        merged ??= before;
        if (manager == LastApplied.KubectlManager)
        {
            LastApplied.Refresh(merged, applied);
        }

        Place(merged, managed);
        return merged;
    }

    /// <summary>
    /// Every other write: sets <c>managedFields</c> of <paramref name="updated"/> in place. What differs from
    /// <paramref name="live"/> goes to <paramref name="manager"/> and is taken from everybody else. Never throws for odd
    /// objects: managed fields that cannot be read are dropped, as upstream does.
    /// </summary>
    /// <param name="live">The object before the write; null on create. Untouched.</param>
    /// <param name="updated">The object as it is to be. An empty <c>managedFields</c> list in it ends the tracking of the object.</param>
    /// <param name="schema">Type of the object at the version of <paramref name="updated"/>.</param>
    /// <param name="manager">Name of the field manager.</param>
    /// <param name="subresource">Such as <c>status</c>; null for the object itself. Over a subresource managedFields themselves cannot be changed.</param>
    /// <param name="now">Time noted on a changed entry, to the second.</param>
    /// <param name="resetFields">As for <see cref="Apply"/>.</param>
    public static void Update(
        JsonObject? live, JsonObject updated, Schema schema, string manager, string? subresource, DateTimeOffset now,
        IReadOnlyList<string>? resetFields = null)
    {
        schema = RootSchemas.Complete(schema);
        JsonNode? former = live?.NodeAt("metadata", "managedFields");
        JsonNode? sent = TakeManagedFields(updated, out bool wasSent);

        // 1. What was owned before: the request may rewrite it, or end tracking.
        Comparison comparison = Compare(live, updated, schema).Without(SetOf(resetFields));
        bool isKept = subresource is not null || !wasSent || KubeJson.AreSame(former, sent);
        if (comparison.IsEmpty && former is JsonArray { Count: > 0 } && isKept)
        {
            Place(updated, former.DeepClone());
            return;
        }

        ManagedFields managed = Reset(sent, wasSent) && subresource is null ? new ManagedFields() : DecodeSentOrLive(sent, former, isKept).Follow(schema);

        // 2. An object whose managed fields were given up is not tracked again before somebody applies it.
        if (managed.Count == 0 && live is not null && live.Uid.Length > 0)
        {
            return;
        }

        // 3. A scale request notes no time, as upstream's mapping between an object and its scale loses it.
        ManagerIdentity author = ManagerIdentity.OfUpdate(manager, updated.ApiVersion, subresource);
        DateTimeOffset? time = subresource == Scale ? managed.Find(author)?.Time : WholeSeconds(now);
        Ownership.Take(managed, comparison, author, updated.ApiVersion, time);
        Place(updated, managed);
    }

    private static Comparison Compare(JsonObject? live, JsonObject updated, Schema schema)
    {
        if (live is null)
        {
            return Comparison.Of(ZeroObjects.Of(schema), updated, schema);
        }

        // The live object's own managedFields would show as removed; they are no field that anybody owns.
        return Comparison.Of(live, updated, schema).Without(ManagedFieldsPath);
    }

    private static ManagedFields DecodeLive(JsonObject? live)
    {
        try
        {
            return ManagedFields.Decode(live?.NodeAt("metadata", "managedFields"), isStored: true);
        }
        catch (FormatException e)
        {
            throw PatchErrors.Plain($"failed to decode managed fields: {e.Message}");
        }
    }

    private static ManagedFields DecodeSentOrLive(JsonNode? sent, JsonNode? former, bool onlyLive)
    {
        if (!onlyLive && TryDecode(sent) is { Count: > 0 } managed)
        {
            return managed;
        }

        return TryDecode(former, isStored: true) ?? new ManagedFields();
    }

    private static ManagedFields? TryDecode(JsonNode? json, bool isStored = false)
    {
        try
        {
            return ManagedFields.Decode(json, isStored);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>An empty list, or a list of one empty entry, asks to forget all owners.</summary>
    private static bool Reset(JsonNode? sent, bool wasSent) => wasSent && sent is JsonArray list && (list.Count == 0 || (list.Count == 1 && list[0] is JsonObject { Count: 0 }));

    private static JsonObject WithoutManagedFields(JsonObject live)
    {
        var copy = (JsonObject)live.DeepClone();
        TakeManagedFields(copy, out _);
        return copy;
    }

    private static JsonNode? TakeManagedFields(JsonObject json, out bool wasThere)
    {
        JsonNode? managed = null;
        wasThere = json["metadata"] is JsonObject metadata && metadata.TryGetPropertyValue("managedFields", out managed);
        if (wasThere)
        {
            ((JsonObject)json["metadata"]!).Remove("managedFields");
        }

        return managed;
    }

    private static void Place(JsonObject json, ManagedFields managed)
    {
        if (managed.Encode() is { } encoded)
        {
            Place(json, encoded);
        }
    }

    private static void Place(JsonObject json, JsonNode managed) => json.Metadata["managedFields"] = managed;

    private static FieldSet SetOf(IReadOnlyList<string>? paths) =>
        paths is null ? FieldSet.Empty : paths.Aggregate(FieldSet.Empty, static (set, path) => set.Union(FieldSet.OfNames(path.Split('.'))));

    private static DateTimeOffset WholeSeconds(DateTimeOffset time) => DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds());
}
