using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Orrery.Server.Security;

/// <summary>
/// The keys behind the server's own tokens: one signs, all verify. To rotate, load with the new key first and the old
/// ones after it; drop an old key once its last token has expired. RSA or ECDSA.
/// </summary>
public sealed class ServiceAccountKeys : IDisposable
{
    private readonly Dictionary<string, SignatureKey> keys = new(StringComparer.Ordinal);
    private readonly SignatureKey signer;

    private ServiceAccountKeys(IReadOnlyList<SignatureKey> ordered)
    {
        signer = ordered[0];
        foreach (SignatureKey key in ordered)
        {
            keys.TryAdd(key.Id, key);
        }
    }

    /// <summary>Id of the key that signs: URL-safe base64 of the SHA-256 of its public key.</summary>
    public string SigningKeyId => signer.Id;

    /// <summary>How the signing key signs, such as <c>ES256</c>.</summary>
    public string SigningAlgorithm => signer.Algorithms[0];

    public IEnumerable<string> KeyIds => keys.Keys;

    /// <summary>Of all keys, the first being what new tokens are signed by.</summary>
    public IReadOnlyList<string> Algorithms => [.. keys.Values.Select(key => key.Algorithms[0]).Distinct()];

    /// <summary>A new private key as PKCS#8 PEM, ECDSA P-256. A secret.</summary>
    public static string NewKeyPem()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKeyPem();
    }

    /// <param name="pems">At least one text, each of one or more keys; the very first key signs and must be private, the others may be public keys or certificates.</param>
    /// <exception cref="ArgumentException">A text holds no key that can be used.</exception>
    public static ServiceAccountKeys Load(params IReadOnlyList<string> pems)
    {
        ArgumentOutOfRangeException.ThrowIfZero(pems.Count);
        var loaded = new ServiceAccountKeys([.. pems.SelectMany(SignatureKey.FromPem)]);
        try
        {
            _ = loaded.Sign([]);
            return loaded;
        }
        catch (CryptographicException fault)
        {
            throw new ArgumentException("the key that is to sign tokens is not a private key", nameof(pems), fault);
        }
    }

    /// <summary>The public keys as a JSON Web Key Set (RFC 7517).</summary>
    public JsonObject ToJwks() => new() { ["keys"] = new JsonArray([.. keys.Values.Select(key => (JsonNode)key.ToJwk())]) };

    /// <summary>Signature in JWS form (RFC 7518 3.4), by <see cref="SigningAlgorithm"/>.</summary>
    public byte[] Sign(ReadOnlySpan<byte> data) => signer.Sign(data);

    /// <param name="keyId">Null where the token names none: any key may have signed it.</param>
    /// <returns>False for an unknown key, and for an algorithm that is not the key's, too.</returns>
    public bool Verify(string? keyId, string algorithm, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (keyId is not null)
        {
            return keys.TryGetValue(keyId, out SignatureKey? named) && named.Verify(algorithm, data, signature);
        }

        foreach (SignatureKey key in keys.Values)
        {
            if (key.Verify(algorithm, data, signature))
            {
                return true;
            }
        }

        return false;
    }

    public void Dispose()
    {
        foreach (SignatureKey key in keys.Values)
        {
            key.Dispose();
        }
    }
}
