using System.Collections.Concurrent;
using Orrery.Server.Cache;
using Orrery.Storage;

namespace Orrery.Server.Encryption;

/// <summary>Turns values into what is stored, and back, by the rule of their resource.</summary>
internal sealed class ValueEncryption
{
    private readonly EncryptionConfiguration configuration;

    /// <summary>Where no configuration says anything: refuses whatever is encrypted.</summary>
    public static readonly ValueEncryption Unconfigured = new(EncryptionConfiguration.None);

    /// <summary>Rules by the beginning of a key, <c>/core/secrets/</c>.</summary>
    private readonly ConcurrentDictionary<string, EncryptionRule?>.AlternateLookup<ReadOnlySpan<char>> rules =
        new ConcurrentDictionary<string, EncryptionRule?>(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    public ValueEncryption(EncryptionConfiguration configuration)
    {
        this.configuration = configuration;
    }

    public ReadOnlyMemory<byte> Encrypt(string key, ReadOnlyMemory<byte> plain) =>
        Rule(key) is { WritesPlain: false } rule ? rule.Keys[0].Encrypt(key, plain.Span) : plain;

    /// <summary>Whether the newest rule would store the value otherwise.</summary>
    public bool IsStale(string key, ReadOnlySpan<byte> stored) => Rule(key) is { } rule && (rule.WritesPlain ? IsEncrypted(stored) : !rule.Keys[0].Made(stored));

    /// <summary>The value itself; nothing at all, which nobody takes for an object, for one that was damaged.</summary>
    /// <exception cref="StoreException">No key that is configured made it. Names where, never what.</exception>
    public ReadOnlyMemory<byte> Decrypt(string key, ReadOnlyMemory<byte> stored)
    {
        EncryptionRule? rule = Rule(key);
        if (!IsEncrypted(stored.Span))
        {
            return rule is null or { ReadsPlain: true }
                ? stored
                : throw new StoreException($"values under {Prefix(key)} are stored in the clear, and the encryption configuration does not list 'identity' for them", outcomeUnknown: false) { IsFinal = true };
        }

        foreach (EncryptionKey known in rule?.Keys ?? [])
        {
            if (known.Made(stored.Span))
            {
                return known.Decrypt(key, stored.Span);
            }
        }

        throw new StoreException($"values under {Prefix(key)} are encrypted by a key ({KeyName(stored.Span)}) that the encryption configuration does not hold", outcomeUnknown: false) { IsFinal = true };
    }

    /// <summary>As <see cref="Decrypt"/>, and false for a value that was damaged too.</summary>
    /// <param name="problem">Why it cannot be read.</param>
    public bool TryDecrypt(string key, ReadOnlyMemory<byte> stored, out ReadOnlyMemory<byte> plain, out string problem)
    {
        try
        {
            plain = Decrypt(key, stored);
            problem = plain.IsEmpty ? "it was damaged, or made for another place" : "";
        }
        catch (StoreException fault)
        {
            plain = default;
            problem = fault.Message;
        }

        return problem.Length == 0;
    }

    private static bool IsEncrypted(ReadOnlySpan<byte> stored) => stored.StartsWith("orrery:enc:"u8);

    private EncryptionRule? Rule(string key)
    {
        ReadOnlySpan<char> prefix = Prefix(key);
        if (rules.TryGetValue(prefix, out EncryptionRule? rule))
        {
            return rule;
        }

        rule = prefix.Length > 3 ? configuration.Rules.FirstOrDefault(r => r.Concerns(StoreKey.ParseResource(Prefix(key)))) : null;
        rules[prefix] = rule;
        return rule;
    }

    /// <summary>Up to the third slash; empty for a key that is no object's.</summary>
    private static ReadOnlySpan<char> Prefix(string key)
    {
        int group = key.IndexOf('/', 1);
        int resource = group < 0 ? -1 : key.IndexOf('/', group + 1);
        return resource < 0 ? "" : key.AsSpan(0, resource + 1);
    }

    /// <summary>The name that a value says its key has: four fields in, as the mark is two of them.</summary>
    private static string KeyName(ReadOnlySpan<byte> stored)
    {
        string[] fields = System.Text.Encoding.ASCII.GetString(stored[..Math.Min(stored.Length, 128)]).Split(':');
        return fields.Length > 4 ? $"{fields[2]} '{fields[4]}'" : "unknown";
    }
}
