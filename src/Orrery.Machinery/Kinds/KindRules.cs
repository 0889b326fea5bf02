using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>
/// The behaviour of built-in kinds, by what an object says of itself. A kind that is not known here (a custom
/// resource, or a built-in with no rules of its own) gets the general treatment. Pure: no I/O, no state.
/// Calls in the order of a request: <see cref="Default"/>, admission, <see cref="PrepareForCreate"/> or
/// <see cref="PrepareForUpdate"/>, <see cref="Default"/> again (upstream defaults once more when it reads back what it
/// wrote), <see cref="ValidateCreate"/> or <see cref="ValidateUpdate"/>.
/// </summary>
public static class KindRules
{
    /// <summary>Fills in what the author left out, and brings the object to the form in which it is answered. Applying it twice changes nothing.</summary>
    public static void Default(GroupVersionKind kind, JsonObject o)
    {
        KindCatalogue.Find(kind)?.Default(o);
        WireForm.Complete(kind, o);
    }

    /// <summary>Drops what a client may not set when it makes an object (status), and starts the generation.</summary>
    public static void PrepareForCreate(GroupVersionKind kind, JsonObject o)
    {
        if (KindCatalogue.Find(kind) is not { } rule)
        {
            return;
        }

        if (rule is { HasStatus: true, AcceptsStatusOnCreate: false })
        {
            o.Remove("status");
        }

        if (rule.CountsGeneration)
        {
            o.Metadata["generation"] = 1;
        }

        rule.PrepareForCreate(o);
    }

    /// <summary>Keeps what a client may not change through the object itself (status), and counts the generation.</summary>
    public static void PrepareForUpdate(GroupVersionKind kind, JsonObject o, JsonObject old)
    {
        o.Metadata.CopyFrom(old.Metadata, "generation");
        if (KindCatalogue.Find(kind) is not { } rule)
        {
            return;
        }

        if (rule.HasStatus)
        {
            o.CopyFrom(old, "status");
        }

        rule.PrepareForUpdate(o, old);
        if (rule.CountsGeneration && rule.ChangesDesiredState(o, old))
        {
            o.Metadata["generation"] = old.Generation + 1;
        }
    }

    /// <summary>Takes everything but status and metadata from the old object.</summary>
    public static void PrepareForStatusUpdate(GroupVersionKind kind, JsonObject o, JsonObject old)
    {
        o.Metadata.CopyFrom(old.Metadata, "generation");
        foreach (string member in o.Select(m => m.Key).Union(old.Select(m => m.Key)).ToArray())
        {
            if (member is not ("apiVersion" or "kind" or "metadata" or "status"))
            {
                o.CopyFrom(old, member);
            }
        }

        KindCatalogue.Find(kind)?.PrepareForStatusUpdate(o, old);
    }

    /// <param name="isNamespaced">Whether the resource lives in namespaces.</param>
    /// <returns>What is wrong, metadata first; empty when the object may be stored.</returns>
    public static IReadOnlyList<FieldError> ValidateCreate(GroupVersionKind kind, JsonObject o, bool isNamespaced)
    {
        var faults = new Faults();
        KindRule? rule = KindCatalogue.Find(kind);
        ObjectMetaRules.Validate(o, isNamespaced, rule is null ? Names.CheckDns1123Subdomain : rule.CheckName, faults);
        rule?.Validate(o, faults);
        return faults.Errors;
    }

    /// <inheritdoc cref="ValidateCreate"/>
    public static IReadOnlyList<FieldError> ValidateUpdate(GroupVersionKind kind, JsonObject o, JsonObject old)
    {
        var faults = new Faults();
        ObjectMetaRules.ValidateUpdate(o, old, faults);
        KindCatalogue.Find(kind)?.ValidateUpdate(o, old, faults);
        return faults.Errors;
    }

    /// <inheritdoc cref="ValidateCreate"/>
    public static IReadOnlyList<FieldError> ValidateStatusUpdate(GroupVersionKind kind, JsonObject o, JsonObject old)
    {
        var faults = new Faults();
        ObjectMetaRules.ValidateUpdate(o, old, faults);
        KindCatalogue.Find(kind)?.ValidateStatusUpdate(o, old, faults);
        return faults.Errors;
    }

    /// <summary>The kind's status is a subresource.</summary>
    public static bool HasStatus(GroupVersionKind kind) => KindCatalogue.Find(kind)?.HasStatus == true;

    /// <summary>A PUT to a name that does not exist makes the object (leases, endpoints, …).</summary>
    public static bool CreatesOnUpdate(GroupVersionKind kind) => KindCatalogue.Find(kind)?.CreatesOnUpdate == true;

    /// <summary>What field selectors may name beside <c>metadata.name</c> and <c>metadata.namespace</c>; null where the kind offers nothing of its own, for which <see cref="FieldSelector.Restrict"/> has a text of its own.</summary>
    public static IReadOnlyList<SelectableField>? Fields(GroupVersionKind kind) => KindCatalogue.Find(kind)?.Fields;
}
