using Orrery.Helm.Functions;
using Orrery.Helm.Go;

namespace Orrery.Helm.Host;

/// <summary>A struct, or a pointer to one, described by its fields; fields of an embedded struct count as its own.</summary>
internal class GoStruct(string type, (string Name, object? Value)[] fields, string? text = null, (string Name, object? Value)[]? embedded = null) : GoObject
{
    private readonly Dictionary<string, Function> methods = new(StringComparer.Ordinal);

    public override string Type => type;

    public override string Kind => type.StartsWith('*') ? "ptr" : "struct";

    public override string? Text => text;

    public override IEnumerable<(string Name, object? Value)> Fields => fields;

    /// <summary>What it prints where its address can be taken, as Go finds methods of pointers only there.</summary>
    public string? AddressText { get; init; }

    /// <summary>Keys and values of its JSON form, where they differ from the fields.</summary>
    public (string Name, object? Value)[]? JsonFields { get; init; }

    public override object? Json => JsonFields is null ? base.Json : new OrderedFields(JsonFields);

    public GoStruct With(Function method)
    {
        methods[method.Name] = method;
        return this;
    }

    public override bool TryField(string name, out RValue value)
    {
        foreach ((string field, object? v) in embedded is null ? fields : [.. fields, .. embedded])
        {
            if (field == name)
            {
                value = new RValue(v, true, false);
                return true;
            }
        }

        value = default;
        return false;
    }

    public override Function? Method(string name) => methods.GetValueOrDefault(name);
}

/// <summary>Fields that JSON prints in this order, not sorted.</summary>
internal sealed record OrderedFields(IReadOnlyList<(string Name, object? Value)> Fields);

/// <summary>A named integer type that prints as a name, such as time.Month.</summary>
internal sealed class GoNamedInt(string type, long value, string text, string kind = "int", Func<string, Function?>? methods = null) : GoObject
{
    public long Value => value;

    public override string Type => type;

    public override string Kind => kind;

    public override string? Text => text;

    public override object? Json => kind == "int" ? new GoInt(value) : value;

    public override Function? Method(string name) =>
        methods?.Invoke(name) ?? (name == "String" ? Function.Of(name, [], _ => text) : null);

    public override bool Equals(object? obj) => obj is GoNamedInt other && other.Type == type && other.Value == value;

    public override int GetHashCode() => value.GetHashCode();
}
