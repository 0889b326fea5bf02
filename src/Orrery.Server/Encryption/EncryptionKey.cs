using System.Security.Cryptography;
using System.Text;

namespace Orrery.Server.Encryption;

/// <summary>
/// One key by which values are encrypted: AES-GCM under a key derived for each value (HKDF-SHA256 over 16 random bytes), so
/// that however many values one key protects, no nonce repeats under one AES key. What is stored is
/// <c>orrery:enc:aesgcm:v1:NAME:</c>, salt, nonce, ciphertext, tag. The value's place in the store is authenticated with it:
/// ciphertext that is moved to another object does not decrypt.
/// </summary>
internal sealed class EncryptionKey
{
    public const string Mark = "orrery:enc:";

    private const int SaltLength = 16;
    private const int NonceLength = 12;
    private const int TagLength = 16;

    private readonly byte[] secret;
    private readonly byte[] prefix;

    /// <param name="secret">16, 24 or 32 bytes.</param>
    public EncryptionKey(string name, byte[] secret)
    {
        Name = name;
        this.secret = secret;
        prefix = Encoding.ASCII.GetBytes($"{Mark}aesgcm:v1:{name}:");
    }

    public string Name { get; }

    /// <summary>Whether this key made the value.</summary>
    public bool Made(ReadOnlySpan<byte> stored) => stored.StartsWith(prefix);

    public byte[] Encrypt(string place, ReadOnlySpan<byte> plain)
    {
        var stored = new byte[prefix.Length + SaltLength + NonceLength + plain.Length + TagLength];
        prefix.CopyTo(stored, 0);
        Span<byte> rest = stored.AsSpan(prefix.Length);
        RandomNumberGenerator.Fill(rest[..(SaltLength + NonceLength)]);
        using AesGcm cipher = Cipher(rest[..SaltLength]);
        cipher.Encrypt(
            rest.Slice(SaltLength, NonceLength), plain, rest.Slice(SaltLength + NonceLength, plain.Length), rest[^TagLength..], Encoding.UTF8.GetBytes(place));
        return stored;
    }

    /// <summary>Null when the value was damaged, or was made for another place.</summary>
    /// <param name="stored">A value that this key made.</param>
    public byte[]? Decrypt(string place, ReadOnlySpan<byte> stored)
    {
        ReadOnlySpan<byte> rest = stored[prefix.Length..];
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
