using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Tables;

/// <summary>Texts in cells that more than one kind uses.</summary>
internal static class Formats
{
    public const string None = "<none>";

    public const string Unset = "<unset>";

    private static readonly (string Mode, string Short)[] ShortModes = [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];

    public static IEnumerable<JsonElement> Items(this KubeObject o, params ReadOnlySpan<string> path) => Items(o.At(path));

    public static IEnumerable<JsonElement> Items(this JsonElement o, string member) => Items(Member(o, member));

    public static IEnumerable<JsonElement> Items(JsonElement? list) => list is { ValueKind: JsonValueKind.Array } found ? found.EnumerateArray() : [];

    public static JsonElement? Member(this JsonElement o, string name) =>
        o.ValueKind == JsonValueKind.Object && o.TryGetProperty(name, out JsonElement member) && member.ValueKind != JsonValueKind.Null ? member : null;

    public static string Text(this JsonElement o, string name) => o.Member(name) is { ValueKind: JsonValueKind.String } text ? text.GetString()! : "";

    public static long Number(this JsonElement o, string name) => o.Member(name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out long value) ? value : 0;

    public static bool Flag(this JsonElement o, string name) => o.Member(name) is { ValueKind: JsonValueKind.True };

    public static DateTimeOffset? Time(this JsonElement o, string name) =>
        o.Member(name) is { ValueKind: JsonValueKind.String } text && text.TryGetDateTimeOffset(out DateTimeOffset time) ? time : null;

    public static DateTimeOffset? TimeAt(this KubeObject o, params ReadOnlySpan<string> path) =>
        o.At(path) is { ValueKind: JsonValueKind.String } text && text.TryGetDateTimeOffset(out DateTimeOffset time) ? time : null;

    public static int CountOf(JsonElement? value) => value switch
    {
        { ValueKind: JsonValueKind.Array } list => list.GetArrayLength(),
        { ValueKind: JsonValueKind.Object } map => map.GetPropertyCount(),
        _ => 0,
    };

    /// <summary><c>a=b,c=d</c>, sorted; <c>&lt;none&gt;</c> when empty.</summary>
    public static string Labels(JsonElement? labels) => labels is { ValueKind: JsonValueKind.Object } map && map.GetPropertyCount() > 0
        ? string.Join(',', map.EnumerateObject().OrderBy(l => l.Name, StringComparer.Ordinal).Select(l => $"{l.Name}={l.Value.GetString()}"))
        : None;

    /// <summary>A label selector in its query form; <c>&lt;none&gt;</c> when it selects everything.</summary>
    public static string Selector(JsonElement? selector)
    {
        try
        {
            string text = LabelSelector.FromJson(selector is { ValueKind: JsonValueKind.Object } json ? JsonObject.Create(json) : null).ToString();
            return text.Length == 0 ? None : text;
        }
        catch (FormatException)
        {
            return "<error>";
        }
    }

    public static string Containers(JsonElement? podSpec) => string.Join(',', Items(podSpec?.Member("containers")).Select(c => c.Text("name")));

    public static string Images(JsonElement? podSpec) => string.Join(',', Items(podSpec?.Member("containers")).Select(c => c.Text("image")));

    /// <summary>The first few of many.</summary>
    public static string Few(IReadOnlyCollection<string> texts, int shown, string separator = ",")
    {
        string text = string.Join(separator, texts.Take(shown));
        return texts.Count > shown ? $"{text} + {texts.Count - shown} more..." : text;
    }

    /// <summary>A count or share as written: <c>1</c>, <c>25%</c>.</summary>
    public static string CountOrShare(JsonElement? value, string otherwise) => value switch
    {
        { ValueKind: JsonValueKind.Number } number => number.GetRawText(),
        { ValueKind: JsonValueKind.String } text => text.GetString()!,
        _ => otherwise,
    };

    public static string FlagText(JsonElement? value) => value switch
    {
        { ValueKind: JsonValueKind.True } => "True",
        { ValueKind: JsonValueKind.False } => "False",
        _ => Unset,
    };

    /// <summary>The status of a condition, or null where there is none of that type.</summary>
    public static string? Condition(this KubeObject o, string type)
    {
        foreach (JsonElement condition in o.Items("status", "conditions"))
        {
            if (condition.Text("type") == type)
            {
                return condition.Text("status");
            }
        }

        return null;
    }

    /// <summary>The modes in short, in an order of their own, whatever theirs is.</summary>
    public static string AccessModes(JsonElement? modes)
    {
        HashSet<string?> given = [.. Items(modes).Select(m => m.GetString())];
        return string.Join(',', ShortModes.Where(m => given.Contains(m.Mode)).Select(m => m.Short));
    }

    /// <summary>A metav1 LabelSelector as Go prints it: of admission policies that pick parameters by their labels.</summary>
    public static string GoSelector(JsonElement selector)
    {
        IEnumerable<JsonProperty> labels = selector.Member("matchLabels") is { ValueKind: JsonValueKind.Object } map ? map.EnumerateObject().OrderBy(l => l.Name, StringComparer.Ordinal) : [];
        IEnumerable<string> expressions = selector.Items("matchExpressions").Select(e =>
            $"LabelSelectorRequirement{{Key:{e.Text("key")},Operator:{e.Text("operator")},Values:[{string.Join(' ', e.Items("values").Select(v => v.GetString()))}],}},");
        return $"&LabelSelector{{MatchLabels:map[string]string{{{string.Concat(labels.Select(l => $"{l.Name}: {l.Value.GetString()},"))}}},MatchExpressions:[]LabelSelectorRequirement{{{string.Concat(expressions)}}},}}";
    }
}
