using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Controllers.Installations;

/// <summary>
/// What values out of Secrets read as, so that it can be taken out of what people are told. A status and an Event are read by many who may not read Secrets, among
/// them the vendor of a tenant that runs the product itself; and what templates, API servers and pods say of a fault may quote any value.
/// </summary>
internal sealed class SecretTexts
{
    public const string Instead = "(secret)";

    /// <summary>Shorter ones are words and numbers of every sentence, and no secrets.</summary>
    private const int Shortest = 4;

    private static readonly HashSet<string> Common = new(StringComparer.OrdinalIgnoreCase) { "true", "false", "null", "none" };

    private readonly HashSet<string> texts = new(StringComparer.Ordinal);

    /// <summary>Nothing is secret.</summary>
    public static SecretTexts None { get; } = new();

    public bool IsEmpty => texts.Count == 0;

    /// <summary>Takes every value in; member names are no secrets.</summary>
    public void Add(JsonNode? values)
    {
        switch (values)
        {
            case JsonObject map:
                foreach ((_, JsonNode? value) in map)
                {
                    Add(value);
                }

                break;
            case JsonArray list:
                foreach (JsonNode? value in list)
                {
                    Add(value);
                }

                break;
            case JsonValue scalar:
                AddText(scalar.GetValueKind() == JsonValueKind.String ? scalar.GetValue<string>() : scalar.ToJsonString());
                break;
        }
    }

    /// <summary>The sentence without any of them, however they are written in it.</summary>
    public string TakeOut(string sentence)
    {
        if (IsEmpty || sentence.Length < Shortest)
        {
            return sentence;
        }

        // The longest first: one may be a part of another.
        foreach (string text in texts.OrderByDescending(t => t.Length).ThenBy(t => t, StringComparer.Ordinal))
        {
            sentence = sentence.Replace(text, Instead, StringComparison.Ordinal);
        }

        return sentence;
    }

    private void AddText(string value)
    {
        // Lines of a key are quoted one by one.
        foreach (string text in value.Split('\n').Append(value).Select(t => t.Trim()).Where(t => t.Length >= Shortest && !Common.Contains(t)))
        {
            texts.Add(text);
            texts.Add(JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString());
            texts.Add(JsonEncodedText.Encode(text).ToString());
            texts.Add(Convert.ToBase64String(Encoding.UTF8.GetBytes(text)));
        }

        if (value.Length >= Shortest)
        {
            texts.Add(Convert.ToBase64String(Encoding.UTF8.GetBytes(value)));
        }
    }
}
