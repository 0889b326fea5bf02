using System.Globalization;

namespace Orrery.Machinery.Patches;

/// <summary>RFC 6901 JSON pointer.</summary>
/// <param name="Text">As written.</param>
/// <param name="Tokens">Unescaped; empty for the whole document.</param>
internal readonly record struct JsonPointer(string Text, string[] Tokens)
{
    public static JsonPointer Parse(string text)
    {
        if (text.Length == 0)
        {
            return new JsonPointer(text, []);
        }

        if (text[0] != '/')
        {
            throw PatchErrors.Rejected($"The pointer '{text}' does not start with a slash.");
        }

        string[] tokens = text[1..].Split('/');
        for (int i = 0; i < tokens.Length; i++)
        {
            tokens[i] = tokens[i].Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
        }

        return new JsonPointer(text, tokens);
    }

    /// <summary>Whether the other pointer leads into what this one points at.</summary>
    public bool IsParentOf(JsonPointer other) =>
        other.Tokens.Length > Tokens.Length && other.Tokens.AsSpan(0, Tokens.Length).SequenceEqual(Tokens);

    /// <summary>An array index without sign or leading zeros, or -1.</summary>
    public static int Index(string token) =>
        (token == "0" || (token.Length > 0 && token[0] != '0')) && int.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? index : -1;

    public override string ToString() => Text;
}
