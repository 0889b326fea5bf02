using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Orrery.Api;

/// <summary>Why a field was refused; wire names and texts as in apimachinery <c>pkg/util/validation/field/errors.go</c>.</summary>
public enum FieldErrorType
{
    NotFound,
    Required,
    Duplicate,
    Invalid,
    NotSupported,
    Forbidden,
    TooLong,
    TooMany,
    Internal,
    TypeInvalid,
}

/// <summary>One refused field.</summary>
/// <param name="Field">Path such as <c>spec.ports[0].name</c>.</param>
/// <param name="BadValue">The value, as JSON; null prints as <c>null</c>. Not shown for Required, Forbidden, TooLong, TooMany and Internal.</param>
/// <param name="Detail">What is allowed.</param>
public sealed partial record FieldError(FieldErrorType Type, string Field, JsonNode? BadValue, string Detail)
{
    /// <summary>The value is not shown: upstream does so where a rule refuses a whole object or list.</summary>
    public bool OmitsValue { get; init; }

    public static FieldError Required(string field, string detail = "") => new(FieldErrorType.Required, field, null, detail);

    public static FieldError Invalid(string field, JsonNode? value, string detail) => new(FieldErrorType.Invalid, field, value, detail);

    public static FieldError TypeInvalid(string field, JsonNode? value, string detail) => new(FieldErrorType.TypeInvalid, field, value, detail);

    public static FieldError Duplicate(string field, JsonNode? value) => new(FieldErrorType.Duplicate, field, value, "");

    public static FieldError Forbidden(string field, string detail) => new(FieldErrorType.Forbidden, field, null, detail);

    /// <param name="supported">The allowed values in the order in which they are to be printed.</param>
    public static FieldError NotSupported(string field, JsonNode? value, params IEnumerable<string> supported) =>
        new(FieldErrorType.NotSupported, field, value, "supported values: " + string.Join(", ", supported.Select(Quote)));

    public static FieldError TooLong(string field, int maxLength) =>
        new(FieldErrorType.TooLong, field, null, maxLength >= 0 ? $"may not be more than {maxLength.ToString(CultureInfo.InvariantCulture)} {(maxLength == 1 ? "byte" : "bytes")}" : "value is too long");

    public static FieldError TooMany(string field, int actual, int max) =>
        new(FieldErrorType.TooMany, field, null, string.Create(CultureInfo.InvariantCulture, $"{actual}: must have at most {max} {(max == 1 ? "item" : "items")}"));

    /// <summary>Upstream could not do what it would have to.</summary>
    public static FieldError InternalError(string field, string detail) => new(FieldErrorType.Internal, field, null, detail);

    public static FieldError NotFound(string field, JsonNode? value) => new(FieldErrorType.NotFound, field, value, "");

    /// <summary>Reason of the StatusCause.</summary>
    public string CauseReason => Type switch
    {
        FieldErrorType.NotFound => "FieldValueNotFound",
        FieldErrorType.Required => "FieldValueRequired",
        FieldErrorType.Duplicate => "FieldValueDuplicate",
        FieldErrorType.Invalid => "FieldValueInvalid",
        FieldErrorType.NotSupported => "FieldValueNotSupported",
        FieldErrorType.Forbidden => "FieldValueForbidden",
        FieldErrorType.TooLong => "FieldValueTooLong",
        FieldErrorType.TooMany => "FieldValueTooMany",
        FieldErrorType.TypeInvalid => "FieldValueTypeInvalid",
        _ => "InternalError",
    };

    /// <summary>The cause's message: everything but the field's path.</summary>
    public string Body
    {
        get
        {
            string name = Type switch
            {
                FieldErrorType.NotFound => "Not found",
                FieldErrorType.Required => "Required value",
                FieldErrorType.Duplicate => "Duplicate value",
                FieldErrorType.Invalid or FieldErrorType.TypeInvalid => "Invalid value",
                FieldErrorType.NotSupported => "Unsupported value",
                FieldErrorType.Forbidden => "Forbidden",
                FieldErrorType.TooLong => "Too long",
                FieldErrorType.TooMany => "Too many",
                _ => "Internal error",
            };
            string value = OmitsValue || Type is FieldErrorType.Required or FieldErrorType.Forbidden or FieldErrorType.TooLong or FieldErrorType.TooMany or FieldErrorType.Internal ? "" : ": " + Print(BadValue);
            return Detail.Length == 0 ? name + value : $"{name}{value}: {Detail}";
        }
    }

    public override string ToString() => $"{Field}: {Body}";

    /// <summary>Escapes no more than JSON asks for: these texts are read by people.</summary>
    private static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static string Print(JsonNode? value) => value switch
    {
        null => "null",
        JsonValue v when v.GetValueKind() == JsonValueKind.String => Quote(v.GetValue<string>()),
        _ => Marshalled(value),
    };

    /// <summary>Characters that take two units of UTF-16, which the encoder escapes whatever it is told.</summary>
    [GeneratedRegex(@"\\uD[89AB][0-9A-F]{2}\\uD[C-F][0-9A-F]{2}")]
    private static partial Regex Pairs();

    /// <summary>Go's encoding/json escapes what HTML would read; outside of texts none of these occur.</summary>
    private static string Marshalled(JsonNode value) => Pairs().Replace(value.ToJsonString(Plain), pair => Regex.Unescape(pair.Value))
        .Replace("<", "\\u003c", StringComparison.Ordinal).Replace(">", "\\u003e", StringComparison.Ordinal).Replace("&", "\\u0026", StringComparison.Ordinal);

    /// <summary>Go's <c>%q</c> for the characters that occur in names and values.</summary>
    private static string Quote(string text)
    {
        if (!text.AsSpan().ContainsAny('"', '\\') && !text.AsSpan().ContainsAnyInRange('\0', '\x1f'))
        {
            return $"\"{text}\"";
        }

        var builder = new System.Text.StringBuilder(text.Length + 2).Append('"');
        foreach (char c in text)
        {
            _ = c switch
            {
                '"' => builder.Append("\\\""),
                '\\' => builder.Append("\\\\"),
                '\n' => builder.Append("\\n"),
                '\r' => builder.Append("\\r"),
                '\t' => builder.Append("\\t"),
                < ' ' => builder.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"),
                _ => builder.Append(c),
            };
        }

        return builder.Append('"').ToString();
    }
}
