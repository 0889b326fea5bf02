using System.Text;

namespace Orrery.Server.Encryption;

/// <summary>
/// One key by which values are encrypted. What is stored is <c>orrery:enc:KIND:v1:NAME:</c> and what the kind of key makes. The value's place in the store counts:
/// ciphertext that is moved to another object does not decrypt.
/// </summary>
internal abstract class EncryptionKey
{
    public const string Mark = "orrery:enc:";

    /// <param name="kind">As its provider is called in the configuration.</param>
    protected EncryptionKey(string kind, string name)
    {
        Kind = kind;
        Name = name;
        Prefix = Encoding.ASCII.GetBytes($"{Mark}{kind}:v1:{name}:");
    }

    public string Kind { get; }

    public string Name { get; }

    protected byte[] Prefix { get; }

    /// <summary>Whether this key made the value.</summary>
    public bool Made(ReadOnlySpan<byte> stored) => stored.StartsWith(Prefix);

    public abstract byte[] Encrypt(string place, ReadOnlySpan<byte> plain);

    /// <summary>Null when the value was damaged, or was made for another place.</summary>
    /// <param name="stored">A value that this key made.</param>
    public abstract byte[]? Decrypt(string place, ReadOnlySpan<byte> stored);
}
