using System.Text;

namespace Orrery.Storage.Etcd;

/// <summary>Where our keys stand in etcd.</summary>
internal sealed class EtcdKeys(string prefix)
{
    private readonly byte[] prefixBytes = Encoding.UTF8.GetBytes(prefix);

    /// <summary>
    /// A key that every transaction of ours that changes something writes: its revision is the newest of ours, whatever
    /// others do in the same etcd, and its value a <see cref="RevisionMark"/>. It stands outside of what watches and ranges see, as no key of ours lacks the slash.
    /// </summary>
    public byte[] Marker { get; } = Encoding.UTF8.GetBytes(prefix + ".revision");

    /// <summary>A key about the store itself; like the marker, it stands outside of what watches and ranges see.</summary>
    public byte[] Meta(string name) => Encoding.UTF8.GetBytes($"{prefix}.{name}");

    /// <exception cref="ArgumentException">The key does not begin with a slash.</exception>
    public byte[] Encode(string key)
    {
        if (!key.StartsWith('/'))
        {
            throw new ArgumentException($"key '{key}' does not begin with a slash", nameof(key));
        }

        byte[] encoded = new byte[prefixBytes.Length + Encoding.UTF8.GetByteCount(key)];
        prefixBytes.CopyTo(encoded, 0);
        Encoding.UTF8.GetBytes(key, encoded.AsSpan(prefixBytes.Length));
        return encoded;
    }

    public string Decode(ReadOnlySpan<byte> encoded) => Encoding.UTF8.GetString(encoded[prefixBytes.Length..]);

    /// <summary>The stretch of keys that begin with a prefix and come after another key, as etcd's first key and first key beyond.</summary>
    public (byte[] From, byte[] To) Bounds(string keyPrefix, string? startAfter)
    {
        byte[] from = Encode(keyPrefix.Length == 0 ? "/" : keyPrefix);

        // 0xFF is in no UTF-8 text, so it ends all that begin with the prefix.
        byte[] to = [.. from, 0xff];
        return startAfter is not null && KeyOrder.Compare(startAfter, keyPrefix) >= 0
            ? (After(startAfter.Length == 0 ? from : Encode(startAfter)), to)
            : (from, to);
    }

    /// <summary>The smallest key after another.</summary>
    public static byte[] After(byte[] encoded) => [.. encoded, 0];
}
