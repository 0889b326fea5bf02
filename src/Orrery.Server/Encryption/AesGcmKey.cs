using System.Security.Cryptography;
using System.Text;

namespace Orrery.Server.Encryption;

/// <summary>
/// AES-GCM under a key derived for each value (HKDF-SHA256 over 16 random bytes), so that however many values one key protects, no nonce repeats under one AES key.
/// Stored are salt, nonce, ciphertext, tag. The place is authenticated with the value.
/// </summary>
internal sealed class AesGcmKey : EncryptionKey
{
    public const string Provider = "aesgcm";

    private const int SaltLength = 16;
    private const int NonceLength = 12;
    private const int TagLength = 16;

    private readonly byte[] secret;

    /// <param name="secret">16, 24 or 32 bytes.</param>
    public AesGcmKey(string name, byte[] secret)
        : base(Provider, name)
    {
        this.secret = secret;
    }

    public override byte[] Encrypt(string place, ReadOnlySpan<byte> plain)
    {
        var stored = new byte[Prefix.Length + SaltLength + NonceLength + plain.Length + TagLength];
        Prefix.CopyTo(stored, 0);
        Span<byte> rest = stored.AsSpan(Prefix.Length);
        RandomNumberGenerator.Fill(rest[..(SaltLength + NonceLength)]);
        using AesGcm cipher = Cipher(rest[..SaltLength]);
        cipher.Encrypt(
            rest.Slice(SaltLength, NonceLength), plain, rest.Slice(SaltLength + NonceLength, plain.Length), rest[^TagLength..], Encoding.UTF8.GetBytes(place));
        return stored;
    }

    public override byte[]? Decrypt(string place, ReadOnlySpan<byte> stored)
    {
        ReadOnlySpan<byte> rest = stored[Prefix.Length..];
        int length = rest.Length - SaltLength - NonceLength - TagLength;
        if (length < 0)
        {
            return null;
        }

        var plain = new byte[length];
        using AesGcm cipher = Cipher(rest[..SaltLength]);
        try
        {
            cipher.Decrypt(rest.Slice(SaltLength, NonceLength), rest.Slice(SaltLength + NonceLength, length), rest[^TagLength..], plain, Encoding.UTF8.GetBytes(place));
            return plain;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    private AesGcm Cipher(ReadOnlySpan<byte> salt)
    {
        Span<byte> derived = stackalloc byte[32];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, derived, salt, "orrery value"u8);
        var cipher = new AesGcm(derived, TagLength);
        CryptographicOperations.ZeroMemory(derived);
        return cipher;
    }
}
