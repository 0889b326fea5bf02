using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Server.Authorization;

/// <summary>
/// What a selector limits a request to, for authorizers that look at it (RBAC does not). Read when it is first asked for, as most requests meet none that does.
/// Terms only narrow, so that one who was allowed less than what was asked may be told of those alone that could be read.
/// </summary>
public sealed class SelectorLimit
{
    private readonly Lazy<(IReadOnlyList<SelectorTerm> Terms, bool IsFaulty)> read;

    private SelectorLimit(int length, Func<(IReadOnlyList<SelectorTerm> Terms, bool IsFaulty)> read)
    {
        Length = length;
        this.read = new(read);
    }

    /// <summary>Empty when it limits nothing, or nothing of it could be read.</summary>
    public IReadOnlyList<SelectorTerm> Terms => read.Value.Terms;

    /// <summary>Some of it could not be read.</summary>
    public bool IsFaulty => read.Value.IsFaulty;

    /// <summary>Of the text, in characters; zero for one that came in terms.</summary>
    public int Length { get; }

    /// <param name="text">As in a query; null or empty limits nothing.</param>
    public static SelectorLimit? OfFields(string? text) => string.IsNullOrEmpty(text) ? null : new(text.Length, () => Parse(() => [.. FieldSelector.Parse(text).Requirements.Select(SelectorTerm.Of)]));

    /// <inheritdoc cref="OfFields(string?)"/>
    public static SelectorLimit? OfLabels(string? text) => string.IsNullOrEmpty(text) ? null : new(text.Length, () => Parse(() => Known(LabelSelector.Parse(text).Requirements)));

    /// <summary>Reads the <c>fieldSelector</c> of a review's resourceAttributes; null where it has none.</summary>
    public static SelectorLimit? OfFields(JsonNode? attributes) => attributes is not JsonObject selector ? null
        : selector.TextAt("rawSelector") is { Length: > 0 } text ? OfFields(text)
        : OfTerms(selector, term => term.Operator is "In" or "NotIn" && term.Values.Count == 1 ? term : null);

    /// <summary>Reads the <c>labelSelector</c> of a review's resourceAttributes; null where it has none.</summary>
    public static SelectorLimit? OfLabels(JsonNode? attributes) => attributes is not JsonObject selector ? null
        : selector.TextAt("rawSelector") is { Length: > 0 } text ? OfLabels(text)
        : OfTerms(selector, term => SelectorTerm.Of(LabelSelector.FromJson(new JsonObject { ["matchExpressions"] = new JsonArray(term.ToJson()) }).Requirements[0]));

    /// <summary>As a review says it; null when nothing is left of it.</summary>
    public JsonObject? ToJson() => Terms.Count == 0 ? null : new JsonObject { ["requirements"] = new JsonArray([.. Terms.Select(t => (JsonNode)t.ToJson())]) };

    /// <param name="check">Null, or an error: such a term is not known, and left out.</param>
    private static SelectorLimit OfTerms(JsonObject selector, Func<SelectorTerm, SelectorTerm?> check) => new(0, () =>
    {
        bool isFaulty = false;
        var terms = new List<SelectorTerm>();
        foreach (JsonObject json in (selector["requirements"] as JsonArray ?? []).OfType<JsonObject>())
        {
            (IReadOnlyList<SelectorTerm> read, bool fault) = Parse(() => check(SelectorTerm.Of(json)) is { } term ? ([term], false) : ([], true));
            terms.AddRange(read);
            isFaulty |= fault;
        }

        return (terms, isFaulty);
    });

    /// <summary>Comparisons of numbers cannot be said in a review.</summary>
    private static (IReadOnlyList<SelectorTerm> Terms, bool IsFaulty) Known(IReadOnlyList<LabelRequirement> all)
    {
        SelectorTerm[] terms = [.. all.Select(SelectorTerm.Of).OfType<SelectorTerm>()];
        return (terms, terms.Length < all.Count);
    }

    private static (IReadOnlyList<SelectorTerm> Terms, bool IsFaulty) Parse(Func<IReadOnlyList<SelectorTerm>> read) => Parse(() => (read(), false));

    private static (IReadOnlyList<SelectorTerm> Terms, bool IsFaulty) Parse(Func<(IReadOnlyList<SelectorTerm> Terms, bool IsFaulty)> read)
    {
        try
        {
            return read();
        }
        catch (FormatException)
        {
            return ([], true);
        }
    }
}

/// <summary>One term of a <see cref="SelectorLimit"/>.</summary>
/// <param name="Operator">In, NotIn, Exists or DoesNotExist.</param>
public sealed record SelectorTerm(string Key, string Operator, IReadOnlyList<string> Values)
{
    internal static SelectorTerm Of(FieldRequirement requirement) => new(requirement.Field, requirement.Negated ? "NotIn" : "In", [requirement.Value]);

    /// <summary>Null for an operator that has no name there.</summary>
    internal static SelectorTerm? Of(LabelRequirement requirement) => requirement.Operator switch
    {
        LabelOperator.Equal or LabelOperator.DoubleEqual or LabelOperator.In => new(requirement.Key, "In", requirement.Values),
        LabelOperator.NotEqual or LabelOperator.NotIn => new(requirement.Key, "NotIn", requirement.Values),
        LabelOperator.Exists => new(requirement.Key, "Exists", []),
        LabelOperator.DoesNotExist => new(requirement.Key, "DoesNotExist", []),
        _ => null,
    };

    internal static SelectorTerm Of(JsonObject json) =>
        new(json.TextAt("key") ?? "", json.TextAt("operator") ?? "", json["values"] is JsonArray values ? [.. values.Select(v => v!.GetValue<string>())] : []);

    internal JsonObject ToJson()
    {
        var json = new JsonObject { ["key"] = Key, ["operator"] = Operator };
        if (Values.Count > 0)
        {
            json["values"] = new JsonArray([.. Values.Select(v => (JsonNode)v)]);
        }

        return json;
    }
}
