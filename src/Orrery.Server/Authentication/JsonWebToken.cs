using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Server.Security;

namespace Orrery.Server.Authentication;

/// <summary>A compact JSON Web Token, taken apart (RFC 7515, 7519). Nothing of it is to be believed before its signature was checked.</summary>
/// <param name="KeyId">Null when it names none.</param>
/// <param name="Signed">What the signature is over.</param>
internal sealed record JsonWebToken(string Algorithm, string? KeyId, JsonElement Claims, byte[] Signed, byte[] Signature)
{
    /// <summary>Longer ones are refused unread.</summary>
    public const int MaxLength = 16 * 1024;

    public static string Sign(ServiceAccountKeys keys, JsonObject claims)
    {
        var header = new JsonObject { ["alg"] = keys.SigningAlgorithm, ["kid"] = keys.SigningKeyId };
        string signed = $"{Part(header)}.{Part(claims)}";
        return $"{signed}.{Base64Url.EncodeToString(keys.Sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    /// <summary>The claims of a token whose signature is right; null for anything else. Times are the caller's to check.</summary>
    public static JsonElement? Verify(ServiceAccountKeys keys, string token) =>
        Read(token) is { } read && keys.Verify(read.KeyId, read.Algorithm, read.Signed, read.Signature) ? read.Claims : null;

    /// <summary>Null for what is no token, or asks its reader for something that we do not know.</summary>
    public static JsonWebToken? Read(string token)
    {
        string[] parts = token.Length <= MaxLength ? token.Split('.') : [];
        if (parts.Length != 3 || Decode(parts[0]) is not { } headerBytes || Decode(parts[1]) is not { } claimBytes || Decode(parts[2]) is not { } signature)
        {
            return null;
        }

        return Parse(headerBytes) is { } header && Text(header, "alg") is { } algorithm && !header.TryGetProperty("crit", out _) && Parse(claimBytes) is { } claims
            ? new JsonWebToken(algorithm, Text(header, "kid"), claims, Encoding.ASCII.GetBytes(token[..token.LastIndexOf('.')]), signature)
            : null;
    }

    /// <summary>The string member, or null.</summary>
    public static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>The strings of a list, or one string alone, as <c>aud</c> may be either; none for anything else.</summary>
    public static IReadOnlyList<string> Texts(JsonElement json, string name) =>
        Text(json, name) is { } one ? [one]
        : json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.String).Select(e => e.GetString()!)]
            : [];

    /// <summary>Seconds since 1970 of a time claim, fractions dropped; null when there is none.</summary>
    public static long? Seconds(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number
            && value.TryGetDouble(out double seconds) && seconds is >= 0 and < 1e15 ? (long)seconds : null;

    private static string Part(JsonObject json) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(json));

    private static byte[]? Decode(string part)
    {
        // Padding and white space are no part of the compact form; accepting them would give one token two spellings.
        if (part.AsSpan().ContainsAnyExcept("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") || !Base64Url.IsValid(part))
        {
            return null;
        }

        return Base64Url.DecodeFromChars(part);
    }

    private static JsonElement? Parse(byte[] utf8)
    {
        try
        {
            JsonElement json = JsonElement.Parse(utf8, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return json.ValueKind == JsonValueKind.Object && (utf8.AsSpan().IndexOf("\\u"u8) < 0 || IsText(json)) ? json : null;
        }
        catch (Exception bad) when (bad is JsonException or InvalidOperationException)
        {
            // The latter for a member's name that is no text, which is read to be told from the others.
            return null;
        }
    }

    /// <summary>Whether all texts in it are: JSON may escape half of a character, which no reader of it can take.</summary>
    private static bool IsText(JsonElement json)
    {
        try
        {
            return json.ValueKind switch
            {
                JsonValueKind.Object => json.EnumerateObject().All(member => member.Name is not null && IsText(member.Value)),
                JsonValueKind.Array => json.EnumerateArray().All(IsText),
                JsonValueKind.String => json.GetString() is not null,
                _ => true,
            };
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
