using System.Text.Json;

namespace Orrery.Machinery.Kinds;

/// <summary>A field that field selectors of a kind may name.</summary>
/// <param name="Name">As it stands in the selector, such as <c>spec.nodeName</c>.</param>
/// <param name="WhenAbsent">What an object without the field counts as.</param>
public sealed record SelectableField(string Name, string WhenAbsent = "")
{
    private readonly string[] path = Name.Split('.');

    /// <summary>Where the value stands when that is not the name itself.</summary>
    public string Path
    {
        init => path = value.Split('.');
    }

    /// <summary>The field that is read instead where this one is empty; null for none.</summary>
    public SelectableField? Otherwise { get; init; }

    /// <summary>The object's value as text.</summary>
    public string Read(JsonElement o) => ReadOwn(o) is var own && own.Length == 0 && Otherwise is { } other ? other.Read(o) : own;

    private string ReadOwn(JsonElement o)
    {
        foreach (string step in path)
        {
            if (o.ValueKind != JsonValueKind.Object || !o.TryGetProperty(step, out o))
            {
                return WhenAbsent;
            }
        }

        return o.ValueKind switch
        {
            JsonValueKind.String => o.GetString()!,
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            JsonValueKind.Number => o.GetRawText(),
            _ => WhenAbsent,
        };
    }

    internal static IReadOnlyList<SelectableField> Of(params ReadOnlySpan<string> names)
    {
        var fields = new SelectableField[names.Length];
        for (int i = 0; i < names.Length; i++)
        {
            fields[i] = new SelectableField(names[i]);
        }

        return fields;
    }
}
