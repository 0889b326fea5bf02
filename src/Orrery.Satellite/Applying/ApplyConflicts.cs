using System.Text.Json;
using System.Text.RegularExpressions;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Satellite.Applying;

/// <summary>
/// Tells who disputes fields that are to be applied. Whoever applies them too means them so, and keeps them unless the object's owner lets us take over;
/// whoever changed them otherwise, as <c>kubectl edit</c> does, has made drift. Pure.
/// </summary>
internal static partial class ApplyConflicts
{
    private const string Cause = "FieldManagerConflict";

    /// <param name="refusal">How the cluster refused an apply without force.</param>
    /// <param name="live">With its managed fields.</param>
    /// <returns>What another applier holds, as <c>field (manager)</c>; empty when all of it is drift.</returns>
    public static IReadOnlyList<string> HeldByAppliers(Status refusal, KubeObject live)
    {
        HashSet<string> appliers = [.. Appliers(live)];
        return
        [
            .. (refusal.Details?.Causes ?? []).Where(c => c.Reason == Cause)
                .Select(c => (c.Field, Manager: ManagerOf(c.Message)))
                .Where(c => c.Manager is { } manager && appliers.Contains(manager))
                .Select(c => $"{c.Field} ({c.Manager})"),
        ];
    }

    public static bool IsConflict(StatusException e) => e.Code == 409 && e.Status.Details?.Causes.Any(c => c.Reason == Cause) == true;

    /// <summary>
    /// What a field of another type is answered with, as a fault of the server: apimachinery <c>pkg/util/managedfields/internal/structuredmerge.go</c>. It is the object's.
    /// </summary>
    private const string Untypable = "failed to create typed patch object";

    /// <summary>
    /// Whether the cluster refused for a reason that lies in what it was asked. Not so when somebody else was faster, or it is not itself at the moment: that is asked again, and nobody is told.
    /// </summary>
    public static bool IsVerdict(StatusException e) =>
        (e.Code is >= 400 and < 500 and not 401 and not 429 && (!e.IsConflict || IsConflict(e))) || (e.Code == 500 && e.Message.StartsWith(Untypable, StringComparison.Ordinal));

    /// <summary>apimachinery <c>pkg/util/managedfields/internal/conflict.go</c>: the manager in quotes; behind it its version where it does not apply.</summary>
    private static string? ManagerOf(string? message) => Applier().Match(message ?? "") is { Success: true } found ? Regex.Unescape(found.Groups[1].Value) : null;

    [GeneratedRegex("^conflict with \"((?:[^\"\\\\]|\\\\.)*)\"(?! with subresource)(?! using )")]
    private static partial Regex Applier();

    private static IEnumerable<string> Appliers(KubeObject live) =>
        from manager in live.At("metadata", "managedFields") is { ValueKind: JsonValueKind.Array } all ? [.. all.EnumerateArray()] : Array.Empty<JsonElement>()
        where manager.TryGetProperty("operation", out JsonElement operation) && operation.ValueEquals("Apply")
        let name = manager.TryGetProperty("manager", out JsonElement found) ? found.GetString() : null
        where name is not null && name != OrreryNames.Manager
        select name;
}
