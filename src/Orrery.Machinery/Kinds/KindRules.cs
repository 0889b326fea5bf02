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

    /// <summary>Keeps what a client may not change through this endpoint, and counts the generation.</summary>
    /// <param name="subresource">Empty for the object itself, otherwise <c>status</c>, <c>scale</c>, …</param>
    public static void PrepareForUpdate(GroupVersionKind kind, JsonObject o, JsonObject old, string subresource = "")
    {
        o.Metadata.CopyFrom(old.Metadata, "generation");
        KindRule? rule = KindCatalogue.Find(kind);
        if (subresource is "status" or "approval")
        {
            KeepAllButStatus(o, old);
            if (subresource == "status")
            {
                rule?.PrepareForStatusUpdate(o, old);
            }
            else
            {
                rule?.PrepareForApproval(o, old);
            }

            return;
        }

        if (rule is null)
        {
            return;
        }

        if (subresource is "" or "scale")
        {
            if (rule.HasStatus)
            {
                o.CopyFrom(old, "status");
            }

            rule.PrepareForUpdate(o, old);
        }
        else
        {
            rule.PrepareForOther(subresource, o, old);
        }

        // Where a pod runs is no wish of its author: binding leaves the generation.
        if (rule.CountsGeneration && subresource != "binding" && rule.ChangesDesiredState(o, old))
        {
            o.Metadata["generation"] = old.Generation + 1;
        }
    }

    /// <param name="isNamespaced">Whether the resource lives in namespaces.</param>
    /// <returns>What is wrong, metadata first; empty when the object may be stored.</returns>
    public static IReadOnlyList<FieldError> ValidateCreate(GroupVersionKind kind, JsonObject o, bool isNamespaced)
    {
        var faults = new Faults();
        KindRule? rule = KindCatalogue.Find(kind);
        if (rule is { ChecksMetadata: false })
        {
            rule.ValidateCreate(o, faults);
            if (faults.Errors.Count == 0)
            {
                ObjectMetaRules.Validate(o, isNamespaced, Names.CheckPathSegment, faults);
            }

            return faults.Errors;
        }

        ObjectMetaRules.Validate(o, isNamespaced, rule is null ? Names.CheckDns1123Subdomain : rule.CheckName, faults);
        ValidateFinalizerOwners(rule, o, faults);
        rule?.ValidateCreate(o, faults);
        return faults.Errors;
    }

    /// <param name="subresource">Empty for the object itself, otherwise <c>status</c>, <c>scale</c>, …</param>
    /// <inheritdoc cref="ValidateCreate"/>
    public static IReadOnlyList<FieldError> ValidateUpdate(GroupVersionKind kind, JsonObject o, JsonObject old, string subresource = "")
    {
        var faults = new Faults();
        ObjectMetaRules.ValidateUpdate(o, old, faults);
        KindRule? rule = KindCatalogue.Find(kind);
        ObjectMetaRules.ValidateKept(o, rule is null ? Names.CheckDns1123Subdomain : rule.ChecksMetadata ? rule.CheckName : Names.CheckPathSegment, faults);
        ValidateFinalizerOwners(rule, o, faults);
        switch (subresource)
        {
            case "" or "scale":
                rule?.ValidateUpdate(o, old, faults);
                break;
            case "status":
                rule?.ValidateStatusUpdate(o, old, faults);
                break;
            case "approval":
                rule?.ValidateApproval(o, old, faults);
                break;
            default:
                rule?.ValidateOtherUpdate(subresource, o, old, faults);
                break;
        }

        return faults.Errors;
    }

    /// <summary>The kind's status is a subresource.</summary>
    public static bool HasStatus(GroupVersionKind kind) => KindCatalogue.Find(kind)?.HasStatus == true;

    /// <summary>A PUT to a name that does not exist makes the object (leases, endpoints, …).</summary>
    public static bool CreatesOnUpdate(GroupVersionKind kind) => KindCatalogue.Find(kind)?.CreatesOnUpdate == true;

    /// <summary>What field selectors may name beside <c>metadata.name</c> and <c>metadata.namespace</c>; null where the kind offers nothing of its own, for which <see cref="FieldSelector.Restrict"/> has a text of its own.</summary>
    public static IReadOnlyList<SelectableField>? Fields(GroupVersionKind kind) => KindCatalogue.Find(kind)?.Fields;

    private static void ValidateFinalizerOwners(KindRule? rule, JsonObject o, Faults faults)
    {
        if (rule is not ({ ChecksFinalizerOwners: false } or { ChecksMetadata: false }))
        {
            ObjectMetaRules.ValidateFinalizerOwners(o, faults);
        }
    }

    private static void KeepAllButStatus(JsonObject o, JsonObject old)
    {
        foreach (string member in o.Select(m => m.Key).Union(old.Select(m => m.Key)).ToArray())
        {
            if (member is not ("apiVersion" or "kind" or "metadata" or "status"))
            {
                o.CopyFrom(old, member);
            }
        }
    }
}
