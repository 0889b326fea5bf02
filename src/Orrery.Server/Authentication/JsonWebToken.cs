using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Server.Security;

namespace Orrery.Server.Authentication;

/// <summary>Compact JSON Web Tokens, ES256 only (RFC 7515, 7519). The key decides the algorithm, never the token.</summary>
internal static class JsonWebToken
{
    /// <summary>Longer ones are refused unread.</summary>
    public const int MaxLength = 16 * 1024;

    public static string Sign(ServiceAccountKeys keys, JsonObject claims)
    {
        var header = new JsonObject { ["alg"] = "ES256", ["kid"] = keys.SigningKeyId };
        string signed = $"{Part(header)}.{Part(claims)}";
        return $"{signed}.{Base64Url.EncodeToString(keys.Sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    /// <summary>The claims of a token whose signature is right; null for anything else. Times are the caller's to check.</summary>
    public static JsonElement? Verify(ServiceAccountKeys keys, string token)
    {
        string[] parts = token.Length <= MaxLength ? token.Split('.') : [];
        if (parts.Length != 3 || Decode(parts[0]) is not { } headerBytes || Decode(parts[1]) is not { } claimBytes || Decode(parts[2]) is not { } signature)
        {
            return null;
        }

        if (Parse(headerBytes) is not { } header || Text(header, "alg") != "ES256" || Text(header, "kid") is not { } keyId || header.TryGetProperty("crit", out _))
        {
            return null;
        }

        bool valid = keys.Verify(keyId, Encoding.ASCII.GetBytes(token[..token.LastIndexOf('.')]), signature);
        return valid ? Parse(claimBytes) : null;
    }

    /// <summary>The string member, or null.</summary>
    public static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

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
            return json.ValueKind == JsonValueKind.Object ? json : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
