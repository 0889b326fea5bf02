using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Collects what is wrong with an object, in the order found. Values are copied: the object may change after.</summary>
internal sealed class Faults
{
    public const string Immutable = "field is immutable";
    public const string NotNegative = "must be greater than or equal to 0";

    private readonly List<FieldError> errors = [];

    public IReadOnlyList<FieldError> Errors => errors;

    public int Count => errors.Count;

    public void Add(FieldError error) => errors.Add(error);

    public void Required(string path, string detail = "") => errors.Add(FieldError.Required(path, detail));

    public void Invalid(string path, JsonNode? value, string detail) => errors.Add(FieldError.Invalid(path, value?.DeepClone(), detail));

    public void Forbidden(string path, string detail) => errors.Add(FieldError.Forbidden(path, detail));

    public void Duplicate(string path, JsonNode? value) => errors.Add(FieldError.Duplicate(path, value?.DeepClone()));

    public void NotFound(string path, JsonNode? value) => errors.Add(FieldError.NotFound(path, value?.DeepClone()));

    public void NotSupported(string path, JsonNode? value, params IEnumerable<string> supported) => errors.Add(FieldError.NotSupported(path, value?.DeepClone(), supported));

    /// <summary>One Required for each member that is absent or empty.</summary>
    public void Need(JsonObject o, string path, params ReadOnlySpan<string> members)
    {
        foreach (string member in members)
        {
            if (o.Text(member).Length == 0)
            {
                Required($"{path}.{member}");
            }
        }
    }

    /// <summary>One Invalid for each text.</summary>
    public void All(string path, string value, IEnumerable<string> details)
    {
        foreach (string detail in details)
        {
            errors.Add(FieldError.Invalid(path, value, detail));
        }
    }

    public void All(string path, long value, IEnumerable<string> details)
    {
        foreach (string detail in details)
        {
            errors.Add(FieldError.Invalid(path, value, detail));
        }
    }

    /// <summary>An absent number is fine.</summary>
    public void MayNotBeNegative(string path, long? value)
    {
        if (value < 0)
        {
            errors.Add(FieldError.Invalid(path, value, NotNegative));
        }
    }

    public void MayNotChange(string path, JsonNode? value, JsonNode? old)
    {
        if (!JsonFields.Same(value, old))
        {
            Invalid(path, value, Immutable);
        }
    }

    /// <summary>The value, where given, is one of these.</summary>
    public void OneOf(string path, string value, params IEnumerable<string> supported)
    {
        if (!supported.Contains(value, StringComparer.Ordinal))
        {
            errors.Add(FieldError.NotSupported(path, value, supported));
        }
    }

    /// <summary>As <see cref="OneOf"/>, but an absent value is said to be required.</summary>
    public void OneOfOrRequired(string path, string value, params IEnumerable<string> supported)
    {
        if (value.Length == 0)
        {
            Required(path);
        }
        else
        {
            OneOf(path, value, supported);
        }
    }
}
