using System.Security.Cryptography;
using System.Text;
using Sodium;

namespace Orrery.Server.Encryption;

/// <summary>
/// NaCl's secretbox (XSalsa20 and Poly1305), by libsodium. It authenticates nothing beside the value, so each place has a key of its own (HKDF-SHA256 over the place);
/// its nonces are long enough to be chosen at random. Stored are nonce and box.
/// </summary>
internal sealed class SecretBoxKey : EncryptionKey
{
    public const string Provider = "secretbox";

    /// <summary>Bytes of its secret.</summary>
    public const int SecretLength = 32;

    private const int NonceLength = 24;
    private const int TagLength = 16;

    private readonly byte[] secret;

    /// <param name="secret">32 bytes.</param>
    public SecretBoxKey(string name, byte[] secret)
        : base(Provider, name)
    {
        this.secret = secret;
    }

    public override byte[] Encrypt(string place, ReadOnlySpan<byte> plain)
    {
        byte[] nonce = RandomNumberGenerator.GetBytes(NonceLength);
        return [.. Prefix, .. nonce, .. SecretBox.Create(plain.ToArray(), nonce, KeyOf(place))];
    }

    public override byte[]? Decrypt(string place, ReadOnlySpan<byte> stored)
    {
        ReadOnlySpan<byte> rest = stored[Prefix.Length..];
        if (rest.Length < NonceLength + TagLength)
        {
            return null;
        }

        try
        {
            return SecretBox.Open(rest[NonceLength..].ToArray(), rest[..NonceLength].ToArray(), KeyOf(place));
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private byte[] KeyOf(string place) => HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, SecretLength, salt: null, info: [.. "orrery secretbox "u8, .. Encoding.UTF8.GetBytes(place)]);
}
