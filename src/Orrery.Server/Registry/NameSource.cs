using Orrery.Api;

namespace Orrery.Server.Registry;

/// <summary>Makes up names and uids from one source of chance.</summary>
internal sealed class NameSource(Random random)
{
    private readonly Lock gate = new();

    /// <summary>The prefix with five random characters, as upstream's SimpleNameGenerator.</summary>
    public string Generate(string prefix)
    {
        lock (gate)
        {
            return Names.Generate(prefix, random);
        }
    }

    public string Suffix(int length)
    {
        lock (gate)
        {
            return Names.Suffix(random, length);
        }
    }

    /// <summary>A random (version 4) UUID.</summary>
    public string Uid()
    {
        Span<byte> bytes = stackalloc byte[16];
        lock (gate)
        {
            random.NextBytes(bytes);
        }

        bytes[6] = (byte)((bytes[6] & 0x0f) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
        return new Guid(bytes, bigEndian: true).ToString();
    }

    /// <summary>Not below <paramref name="min"/>, below <paramref name="max"/>.</summary>
    public int Next(int min, int max)
    {
        lock (gate)
        {
            return random.Next(min, max);
        }
    }
}
