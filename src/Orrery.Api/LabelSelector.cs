using System.Globalization;
using System.Text.Json.Nodes;

namespace Orrery.Api;

/// <summary>What a requirement asks of a label.</summary>
public enum LabelOperator
{
    Equal,
    DoubleEqual,
    NotEqual,
    In,
    NotIn,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}

/// <summary>One term of a label selector.</summary>
/// <param name="Values">Sorted, without repetition; empty for the existence operators.</param>
public sealed record LabelRequirement(string Key, LabelOperator Operator, IReadOnlyList<string> Values)
{
    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        bool has = labels.TryGetValue(Key, out string? value);
        return Operator switch
        {
            LabelOperator.Equal or LabelOperator.DoubleEqual or LabelOperator.In => has && Values.Contains(value!, StringComparer.Ordinal),
            LabelOperator.NotEqual or LabelOperator.NotIn => !has || !Values.Contains(value!, StringComparer.Ordinal),
            LabelOperator.Exists => has,
            LabelOperator.DoesNotExist => !has,
            _ => has && Compare(value!),
        };
    }

    /// <summary>The text that <see cref="LabelSelector.Parse"/> reads.</summary>
    public override string ToString() => Operator switch
    {
        LabelOperator.Equal => $"{Key}={Values[0]}",
        LabelOperator.DoubleEqual => $"{Key}=={Values[0]}",
        LabelOperator.NotEqual => $"{Key}!={Values[0]}",
        LabelOperator.In => $"{Key} in ({string.Join(',', Values)})",
        LabelOperator.NotIn => $"{Key} notin ({string.Join(',', Values)})",
        LabelOperator.Exists => Key,
        LabelOperator.DoesNotExist => "!" + Key,
        LabelOperator.GreaterThan => $"{Key}>{Values[0]}",
        _ => $"{Key}<{Values[0]}",
    };

    private bool Compare(string value)
    {
        if (!long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long left) || !long.TryParse(Values[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long right))
        {
            return false;
        }

        return Operator == LabelOperator.GreaterThan ? left > right : left < right;
    }
}

/// <summary>
/// Chooses objects by their labels: every requirement must hold (apimachinery <c>pkg/labels/selector.go</c>).
/// Immutable.
/// </summary>
public sealed class LabelSelector
{
    /// <summary>Matches every object.</summary>
    public static readonly LabelSelector Everything = new([], false);

    /// <summary>Matches no object.</summary>
    public static readonly LabelSelector Nothing = new([], true);

    private readonly bool none;

    internal LabelSelector(IReadOnlyList<LabelRequirement> requirements, bool none = false)
    {
        Requirements = requirements;
        this.none = none;
    }

    /// <summary>Sorted by key.</summary>
    public IReadOnlyList<LabelRequirement> Requirements { get; }

    public bool IsEverything => !none && Requirements.Count == 0;

    public bool IsNothing => none;

    /// <summary>Reads the form of a query: <c>app=web,tier in (a,b),!old</c>. Empty matches everything.</summary>
    /// <exception cref="FormatException">With upstream's text.</exception>
    public static LabelSelector Parse(string text) => text.Length == 0 ? Everything : LabelSelectorParser.Parse(text);

    /// <summary>Reads a metav1 LabelSelector. Null matches nothing, an empty object matches everything.</summary>
    /// <exception cref="FormatException">With upstream's text.</exception>
    public static LabelSelector FromJson(JsonObject? json)
    {
        if (json is null)
        {
            return Nothing;
        }

        var requirements = new List<LabelRequirement>();
        if (json["matchLabels"] is JsonObject labels)
        {
            foreach ((string key, JsonNode? value) in labels)
            {
                requirements.Add(LabelSelectorParser.Check(key, LabelOperator.Equal, [Text(value)]));
            }
        }

        if (json["matchExpressions"] is JsonArray expressions)
        {
            foreach (JsonObject expression in expressions.OfType<JsonObject>())
            {
                string named = Text(expression["operator"]);
                LabelOperator op = named switch
                {
                    "In" => LabelOperator.In,
                    "NotIn" => LabelOperator.NotIn,
                    "Exists" => LabelOperator.Exists,
                    "DoesNotExist" => LabelOperator.DoesNotExist,
                    _ => throw new FormatException($"\"{named}\" is not a valid label selector operator"),
                };
                IEnumerable<string> values = expression["values"] is JsonArray list ? list.Select(Text) : [];
                requirements.Add(LabelSelectorParser.Check(Text(expression["key"]), op, [.. values]));
            }
        }

        return requirements.Count == 0 ? Everything : new LabelSelector([.. requirements.OrderBy(r => r.Key, StringComparer.Ordinal)]);
    }

    /// <summary>Matches objects that carry all of these labels; an empty set matches everything.</summary>
    public static LabelSelector FromLabels(IReadOnlyDictionary<string, string> labels) =>
        labels.Count == 0 ? Everything : new LabelSelector([.. labels.OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => new LabelRequirement(l.Key, LabelOperator.Equal, [l.Value]))]);

    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        if (none)
        {
            return false;
        }

        foreach (LabelRequirement requirement in Requirements)
        {
            if (!requirement.Matches(labels))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The query form.</summary>
    public override string ToString() => string.Join(',', Requirements);

    private static string Text(JsonNode? value) => value is JsonValue v && v.GetValueKind() == System.Text.Json.JsonValueKind.String ? v.GetValue<string>() : "";
}
