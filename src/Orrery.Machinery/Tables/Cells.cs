using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Orrery.Machinery.Tables;

/// <summary>Writes the cells of one row, in the order of the columns.</summary>
internal readonly struct Cells(Utf8JsonWriter json, DateTimeOffset now)
{
    /// <summary>Text goes out as it is: quoting of what JSON does not ask for would only cost bytes.</summary>
    public static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public DateTimeOffset Now { get; } = now;

    public void Text(string? value) => json.WriteStringValue(value ?? "");

    /// <summary>A text for people where there is none.</summary>
    public void TextOr(string? value, string otherwise) => json.WriteStringValue(string.IsNullOrEmpty(value) ? otherwise : value);

    public void Number(long? value) => json.WriteNumberValue(value ?? 0);

    public void Real(double value) => json.WriteRawValue(GoNumber.Text(value));

    public void Flag(bool value) => json.WriteBooleanValue(value);

    public void Null() => json.WriteNullValue();

    /// <summary>Time since then, in the words of kubectl.</summary>
    public void Since(DateTimeOffset? then) => json.WriteStringValue(SinceText(then));

    public string SinceText(DateTimeOffset? then) => then is { } t ? HumanDuration.Format(Now - t) : "<unknown>";
}
