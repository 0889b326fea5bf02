using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Orrery.Api;

namespace Orrery.Server.Cache;

/// <summary>
/// Finds what an object can be kept as a difference from: an object whose <c>spec</c> is the same, byte for byte. Used for
/// definitions, which are large, and which many clusters have alike. It knows what others keep, and keeps nothing itself.
/// </summary>
internal sealed class LikeObjects
{
    /// <summary>A spec below this is not worth the looking.</summary>
    private const int Least = 2048;

    /// <summary>Differences beyond this make an object one to compare others with.</summary>
    private const int Small = 256;

    private const int MostBases = 4;

    private readonly ConcurrentDictionary<UInt128, WeakReference<DeltaBytes>[]> families = new();
    private int sweepAt = 1024;

    /// <summary>Told of one object at a time.</summary>
    public DeltaBytes Keep(byte[] json)
    {
        if (Spec(json) is not { Length: >= Least } spec)
        {
            return DeltaBytes.Whole(json);
        }

        UInt128 family = BitConverter.ToUInt128(SHA256.HashData(spec));
        DeltaBytes[] bases = [.. families.GetValueOrDefault(family, []).Select(b => b.TryGetTarget(out DeltaBytes? alive) ? alive : null).OfType<DeltaBytes>()];
        DeltaBytes? best = null;
        foreach (DeltaBytes basis in bases)
        {
            best = DeltaBytes.Between(basis, json, Math.Min(spec.Length / 2, (best?.Kept ?? int.MaxValue) - 1)) ?? best;
        }

        DeltaBytes kept = best ?? DeltaBytes.Whole(json);
        if (kept.Kept > Small)
        {
            families[family] = [.. bases.TakeLast(MostBases - 1).Append(kept).Select(b => new WeakReference<DeltaBytes>(b))];
            Sweep();
        }

        return kept;
    }

    /// <summary>Families that nobody belongs to any more go, each time their number has doubled.</summary>
    private void Sweep()
    {
        if (families.Count < sweepAt)
        {
            return;
        }

        foreach ((UInt128 family, WeakReference<DeltaBytes>[] bases) in families)
        {
            if (!bases.Any(b => b.TryGetTarget(out _)))
            {
                families.TryRemove(family, out _);
            }
        }

        sweepAt = Math.Max(1024, families.Count * 2);
    }

    private static ReadOnlySpan<byte> Spec(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, KubeJson.ReaderOptions);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isSpec = reader.ValueTextEquals("spec"u8);
            reader.Read();
            int start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (isSpec)
            {
                return json[start..(int)reader.BytesConsumed];
            }
        }

        return [];
    }
}
