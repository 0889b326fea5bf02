using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;
using Orrery.Helm.Functions;
using Orrery.Helm.Go;

namespace Orrery.Helm.Schemas;

// The keywords about one kind of value each.
internal sealed partial class SchemaValidator
{
    private static int? Count(GoMap rules, string keyword) => SchemaText.Number(rules[keyword]) is { } n ? (int)Math.Clamp(n, 0, int.MaxValue) : null;

    private static void Bounds(GoMap rules, string what, int size, string at, List<SchemaError> found)
    {
        if (Count(rules, "min" + what) is { } min && size < min)
        {
            found.Add(Error(at, $"min{what}: got {SchemaText.Grouped(size)}, want {SchemaText.Grouped(min)}"));
        }

        if (Count(rules, "max" + what) is { } max && size > max)
        {
            found.Add(Error(at, $"max{what}: got {SchemaText.Grouped(size)}, want {SchemaText.Grouped(max)}"));
        }
    }

    private static bool Matches(string pattern, string text)
    {
        (string translated, _) = RegexSyntax.Translate(Utf8.ToText(pattern));
        return Regex.IsMatch(Utf8.ToText(text), translated, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture);
    }

    private static string[] Missing(object? wanted, GoMap map) =>
        wanted is GoSlice list ? [.. list.Items.OfType<string>().Where(p => !map.Contains(p))] : [];

    private void Object(GoMap rules, GoMap map, string at, Evaluated seen, List<SchemaError> found)
    {
        Bounds(rules, "Properties", map.Count, at, found);
        string[] missing = Missing(rules["required"], map);
        if (missing.Length > 0)
        {
            found.Add(Error(at, (missing.Length == 1 ? "missing property " : "missing properties ") + SchemaText.Quote(missing)));
        }

        if (document.Draft < 2019)
        {
            Dependent(rules["dependencies"] as GoMap, map, at, seen, found);
        }

        Properties(rules, map, at, seen, found);
        if (rules.Contains("propertyNames") && document.Draft > 4)
        {
            foreach (string key in map.Keys.Order(StringComparer.Ordinal))
            {
                if (Check(rules["propertyNames"], key, "", new Evaluated()) is { } error)
                {
                    found.Add(Error(at, "invalid propertyName " + SchemaText.Quote(key), error));
                }
            }
        }

        if (document.Draft >= 2019)
        {
            Dependent(rules["dependentSchemas"] as GoMap, map, at, seen, found);
            Dependent(rules["dependentRequired"] as GoMap, map, at, seen, found);
        }
    }

    private void Dependent(GoMap? rules, GoMap map, string at, Evaluated seen, List<SchemaError> found)
    {
        foreach ((string key, object? wanted) in rules?.Sorted ?? [])
        {
            if (!map.Contains(key))
            {
                continue;
            }

            if (wanted is not GoSlice)
            {
                Add(found, Check(wanted, map, at, seen));
            }
            else if (Missing(wanted, map) is { Length: > 0 } missing)
            {
                found.Add(Error(at, $"properties {SchemaText.Quote(missing)} required, if {SchemaText.Quote(key)} exists"));
            }
        }
    }

    private void Properties(GoMap rules, GoMap map, string at, Evaluated seen, List<SchemaError> found)
    {
        var properties = rules["properties"] as GoMap;
        var patterns = rules["patternProperties"] as GoMap;
        var refused = new List<string>();
        foreach ((string key, object? value) in map.Sorted)
        {
            string inside = $"{at}/{SchemaText.Part(key)}";
            bool known = false;
            if (properties?.Contains(key) == true)
            {
                known = true;
                Add(found, Check(properties[key], value, inside, new Evaluated()));
            }

            foreach ((string pattern, object? schema) in patterns?.Sorted ?? [])
            {
                if (Matches(pattern, key))
                {
                    known = true;
                    Add(found, Check(schema, value, inside, new Evaluated()));
                }
            }

            if (!known && rules.Contains("additionalProperties"))
            {
                known = true;
                if (rules["additionalProperties"] is false)
                {
                    refused.Add(key);
                }
                else
                {
                    Add(found, Check(rules["additionalProperties"], value, inside, new Evaluated()));
                }
            }

            if (known)
            {
                seen.Properties.Add(key);
            }
        }

        if (refused.Count > 0)
        {
            found.Add(Error(at, $"additional properties {SchemaText.Quote(refused)} not allowed"));
        }
    }

    private void Array(GoMap rules, GoSlice list, string at, Evaluated seen, List<SchemaError> found)
    {
        Bounds(rules, "Items", list.Count, at, found);
        if (rules["uniqueItems"] is true && Duplicate(list) is var (first, second))
        {
            found.Add(Error(at, string.Create(CultureInfo.InvariantCulture, $"items at {first} and {second} are equal")));
        }

        string tuple = document.Draft >= 2020 ? "prefixItems" : "items";
        string rest = document.Draft >= 2020 ? "items" : rules["items"] is GoSlice ? "additionalItems" : "items";
        int fixedItems = 0;
        if (rules[tuple] is GoSlice positions)
        {
            for (; fixedItems < Math.Min(positions.Count, list.Count); fixedItems++)
            {
                seen.Items.Add(fixedItems);
                Add(found, Check(positions.Items[fixedItems], list.Items[fixedItems], Item(at, fixedItems), new Evaluated()));
            }
        }

        if (rest == "additionalItems" && rules[rest] is false && list.Count > fixedItems)
        {
            found.Add(Error(at, string.Create(CultureInfo.InvariantCulture, $"last {list.Count - fixedItems} additionalItem(s) not allowed")));
        }
        else if (rules[rest] is GoMap or bool && !(rest == "additionalItems" && rules[rest] is false))
        {
            for (int i = fixedItems; i < list.Count; i++)
            {
                seen.Items.Add(i);
                // The validator counts the items behind a tuple from 0 again.
                Add(found, Check(rules[rest], list.Items[i], Item(at, i - fixedItems), new Evaluated()));
            }
        }

        if (rules.Contains("contains") && document.Draft > 4)
        {
            Contains(rules, list, at, seen, found);
        }
    }

    private static string Item(string at, int i) => string.Create(CultureInfo.InvariantCulture, $"{at}/{i}");

    private static (int First, int Second)? Duplicate(GoSlice list)
    {
        for (int i = 1; i < list.Count; i++)
        {
            for (int j = 0; j < i; j++)
            {
                if (SchemaText.Equal(list.Items[i], list.Items[j]))
                {
                    return (j, i);
                }
            }
        }

        return null;
    }

    private void Contains(GoMap rules, GoSlice list, string at, Evaluated seen, List<SchemaError> found)
    {
        var errors = new List<SchemaError>();
        var matched = new List<int>();
        for (int i = 0; i < list.Count; i++)
        {
            if (Check(rules["contains"], list.Items[i], Item(at, i), new Evaluated()) is { } error)
            {
                errors.Add(error);
            }
            else
            {
                matched.Add(i);
                if (document.Draft >= 2020)
                {
                    seen.Items.Add(i);
                }
            }
        }

        int? min = document.Draft >= 2019 ? Count(rules, "minContains") : null;
        string indexes = "[" + string.Join(' ', matched) + "]";
        if (min is { } least ? matched.Count < least : matched.Count == 0)
        {
            found.Add(min is null ? Error(at, "no items match contains schema", errors)
                : Error(at, string.Create(CultureInfo.InvariantCulture, $"min {min} items required to match contains schema, but ") + (matched.Count == 0 ? "none matched" : $"matched {matched.Count} items at {indexes}"), errors));
        }

        if (document.Draft >= 2019 && Count(rules, "maxContains") is { } max && matched.Count > max)
        {
            found.Add(Error(at, string.Create(CultureInfo.InvariantCulture, $"max {max} items required to match contains schema, but matched {matched.Count} items at {indexes}")));
        }
    }

    private static void Text(GoMap rules, string text, string at, List<SchemaError> found)
    {
        Bounds(rules, "Length", Utf8.Count(text), at, found);
        if (rules["pattern"] is string pattern && !Matches(pattern, text))
        {
            found.Add(Error(at, $"{SchemaText.Quote(text)} does not match pattern {SchemaText.Quote(pattern)}"));
        }
    }

    private void Number(GoMap rules, double value, string at, List<SchemaError> found)
    {
        void Bound(string keyword, Func<double, bool> violated)
        {
            if (SchemaText.Number(rules[keyword]) is { } bound && violated(bound))
            {
                found.Add(Error(at, $"{keyword}: got {SchemaText.Grouped(value)}, want {SchemaText.Grouped(bound)}"));
            }
        }

        // In draft 4 the exclusive keywords are switches of the others.
        bool switches = document.Draft == 4;
        Bound("minimum", b => value < b);
        Bound("maximum", b => value > b);
        if (!switches)
        {
            Bound("exclusiveMinimum", b => value <= b);
            Bound("exclusiveMaximum", b => value >= b);
        }
        else
        {
            Switched("minimum", "exclusiveMinimum");
            Switched("maximum", "exclusiveMaximum");
        }

        Bound("multipleOf", b => b != 0 && !IsMultiple(value, b));

        void Switched(string keyword, string name)
        {
            if (rules[name] is true && SchemaText.Number(rules[keyword]) is { } bound && value == bound)
            {
                found.Add(Error(at, $"{name}: got {SchemaText.Grouped(value)}, want {SchemaText.Grouped(bound)}"));
            }
        }
    }

    /// <summary>In decimal, as both are written.</summary>
    private static bool IsMultiple(double value, double of)
    {
        (BigRational a, BigRational b) = (BigRational.Of(value), BigRational.Of(of));
        int exponent = Math.Min(a.Exponent, b.Exponent);
        BigInteger x = a.Value * BigInteger.Pow(10, a.Exponent - exponent);
        return (x % (b.Value * BigInteger.Pow(10, b.Exponent - exponent))).IsZero;
    }
}
