using System.Text.Json;
using Orrery.Helm.Go;

namespace Orrery.Helm;

/// <summary>
/// What a cluster answers to a chart's lookups. Rendering itself asks nobody: what is not answered yet reads as if nothing were there and is noted
/// in a list, to be answered before the chart is rendered again. For one render at a time.
/// </summary>
public sealed class LookupAnswers
{
    /// <summary>Questions that one chart may ask.</summary>
    public const int Most = 500;

    private readonly Dictionary<LookupQuery, (GoMap? Found, string? Error)> known = [];
    private readonly Dictionary<LookupQuery, string> told = [];
    private readonly List<LookupQuery> open = [];

    /// <summary>Asked since they were taken last, and not answered.</summary>
    public IReadOnlyList<LookupQuery> TakeOpen()
    {
        LookupQuery[] taken = [.. open];
        open.Clear();
        return taken;
    }

    /// <summary>What was asked and what came of it, for people; sorted.</summary>
    public IReadOnlyList<string> Told => [.. told.Select(t => $"{t.Key}: {t.Value}").Order(StringComparer.Ordinal)];

    /// <summary>An object, or a list of them; null when there is none.</summary>
    public void Answer(LookupQuery query, JsonElement? found)
    {
        known[query] = (found is { } json ? (GoMap)Value(json)! : null, null);
        told[query] = found is not { } some ? "none" : query.Name.Length == 0 && some.TryGetProperty("items", out JsonElement items) ? $"{items.GetArrayLength()} found" : "found";
    }

    /// <summary>The lookup fails with that text, and the template with it.</summary>
    public void Refuse(LookupQuery query, string error)
    {
        known[query] = (null, error);
        told[query] = error;
    }

    /// <exception cref="GoException">The cluster refused, or too much is asked.</exception>
    internal GoMap Find(LookupQuery query)
    {
        if (known.TryGetValue(query, out (GoMap? Found, string? Error) answer))
        {
            return answer.Error is { } error ? throw new GoException(Utf8.FromText(error)) : answer.Found is { } found ? (GoMap)Copy(found)! : new GoMap();
        }

        if (known.Count + open.Count >= Most)
        {
            throw new GoException(FormattableString.Invariant($"more than {Most} lookups"));
        }

        if (!open.Contains(query))
        {
            open.Add(query);
        }

        return new GoMap();
    }

    /// <summary>As Kubernetes' client reads JSON: whole numbers are int64.</summary>
    private static object? Value(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => GoMap.Of(json.EnumerateObject().Select(m => KeyValuePair.Create(Utf8.FromText(m.Name), Value(m.Value)))),
        JsonValueKind.Array => new GoSlice([.. json.EnumerateArray().Select(Value)]),
        JsonValueKind.String => Utf8.FromText(json.GetString()!),
        JsonValueKind.Number => json.TryGetInt64(out long whole) ? whole : json.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    /// <summary>Templates can write into what they are given.</summary>
    private static object? Copy(object? value) => value switch
    {
        GoMap map => GoMap.Of(map.Items.Select(i => KeyValuePair.Create(i.Key, Copy(i.Value)))),
        GoSlice list => new GoSlice([.. list.Items.Select(Copy)]),
        _ => value,
    };
}
