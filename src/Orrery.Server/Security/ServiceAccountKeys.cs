using System.Buffers.Text;
using System.Security.Cryptography;

namespace Orrery.Server.Security;

/// <summary>
/// The keys behind the server's own tokens: one signs, all verify. To rotate, load with the new key first and the old
/// ones after it; drop an old key once its last token has expired. ECDSA P-256.
/// </summary>
public sealed class ServiceAccountKeys : IDisposable
{
    private readonly Dictionary<string, ECDsa> keys = new(StringComparer.Ordinal);
    private readonly ECDsa signer;

    private ServiceAccountKeys(IReadOnlyList<ECDsa> ordered)
    {
        signer = ordered[0];
        SigningKeyId = KeyId(signer);
        foreach (ECDsa key in ordered)
        {
            keys.TryAdd(KeyId(key), key);
        }
    }

    /// <summary>Id of the key that signs: URL-safe base64 of the SHA-256 of its public key.</summary>
    public string SigningKeyId { get; }

    public IEnumerable<string> KeyIds => keys.Keys;

    /// <summary>A new private key as PKCS#8 PEM. A secret.</summary>
    public static string NewKeyPem()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKeyPem();
    }

    /// <param name="pems">At least one; the first signs and must be private, the others may be public keys.</param>
    /// <exception cref="ArgumentException">A text is no EC key in PEM form.</exception>
    public static ServiceAccountKeys Load(params IReadOnlyList<string> pems)
    {
        ArgumentOutOfRangeException.ThrowIfZero(pems.Count);
        return new ServiceAccountKeys([.. pems.Select(Read)]);
    }

    /// <summary>Signature in JWS form (RFC 7518 3.4).</summary>
    public byte[] Sign(ReadOnlySpan<byte> data)
    {
        lock (signer)
        {
            return signer.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
    }

    /// <summary>False for an unknown key too.</summary>
    public bool Verify(string keyId, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != 64 || !keys.TryGetValue(keyId, out ECDsa? key))
        {
            return false;
        }

        // Instances are not promised to be thread-safe.
        lock (key)
        {
            return key.VerifyData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
    }

    public void Dispose()
    {
        foreach (ECDsa key in keys.Values)
        {
            key.Dispose();
        }
    }

    private static ECDsa Read(string pem)
    {
        var key = ECDsa.Create();
        key.ImportFromPem(pem);
        return key.KeySize == 256 ? key : throw new ArgumentException("a token key must be ECDSA P-256", nameof(pem));
    }

    private static string KeyId(ECDsa key) => Base64Url.EncodeToString(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));
}
