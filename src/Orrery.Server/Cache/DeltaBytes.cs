using System.Buffers;

namespace Orrery.Server.Cache;

/// <summary>
/// Bytes kept as what differs from others that are nearly the same, such as one definition in many clusters, which differs in
/// its uid and its times. Immutable. Making them whole again copies them once for each step of the way to what is kept whole.
/// </summary>
internal sealed class DeltaBytes
{
    /// <summary>Equal bytes at which two texts count as being in step again.</summary>
    private const int Step = 16;

    /// <summary>How far ahead, in either text, that is looked for.</summary>
    private const int Reach = 1024;

    /// <summary>What a basis is a difference from itself, at most so often.</summary>
    private const int Deepest = 3;

    private readonly DeltaBytes? basis;
    private readonly byte[] own;

    private DeltaBytes(DeltaBytes? basis, byte[] own, int length)
    {
        this.basis = basis;
        this.own = own;
        Length = length;
    }

    /// <summary>Of the whole.</summary>
    public int Length { get; }

    /// <summary>What this takes up beside its basis.</summary>
    public int Kept => own.Length;

    private int Depth => basis is null ? 0 : basis.Depth + 1;

    public static DeltaBytes Whole(byte[] bytes) => new(null, bytes, bytes.Length);

    /// <summary>Null when they differ in more than <paramref name="most"/> bytes, or the basis is too deep already.</summary>
    public static DeltaBytes? Between(DeltaBytes basis, ReadOnlySpan<byte> text, int most)
    {
        if (basis.Depth >= Deepest)
        {
            return null;
        }

        ReadOnlySpan<byte> from = basis.ToArray();
        var output = new ArrayBufferWriter<byte>(256);
        int at = 0, done = 0;
        while (done < text.Length)
        {
            // 1. As long as they agree.
            int same = from[at..].CommonPrefixLength(text[done..]);
            Number(output, same);
            (at, done) = (at + same, done + same);

            // 2. What the basis lacks, and what it has instead.
            (int skipped, int added) = Resume(from[at..], text[done..]);
            Number(output, skipped);
            Number(output, added);
            output.Write(text.Slice(done, added));
            (at, done) = (at + skipped, done + added);
            if (output.WrittenCount > most)
            {
                return null;
            }
        }

        return new DeltaBytes(basis, output.WrittenSpan.ToArray(), text.Length);
    }

    /// <summary>The whole; not to be written to.</summary>
    public byte[] ToArray()
    {
        if (basis is null)
        {
            return own;
        }

        ReadOnlySpan<byte> from = basis.ToArray();
        ReadOnlySpan<byte> steps = own;
        byte[] whole = GC.AllocateUninitializedArray<byte>(Length);
        int at = 0, done = 0;
        while (!steps.IsEmpty)
        {
            int same = Number(ref steps), skipped = Number(ref steps), added = Number(ref steps);
            from.Slice(at, same).CopyTo(whole.AsSpan(done));
            steps[..added].CopyTo(whole.AsSpan(done + same));
            steps = steps[added..];
            (at, done) = (at + same + skipped, done + same + added);
        }

        return whole;
    }

    /// <summary>How much of each to pass over until they are in step again; all that is left when they never are.</summary>
    private static (int Skipped, int Added) Resume(ReadOnlySpan<byte> from, ReadOnlySpan<byte> text)
    {
        // Mostly the same number of bytes was replaced: another uid, another time.
        for (int i = 1; i < 64 && i + Step <= from.Length && i + Step <= text.Length; i++)
        {
            if (from.Slice(i, Step).SequenceEqual(text.Slice(i, Step)))
            {
                return (i, i);
            }
        }

        ReadOnlySpan<byte> near = from[..Math.Min(from.Length, Reach + Step)];
        for (int i = 0; i < Reach && i + Step <= text.Length; i++)
        {
            int found = near.IndexOf(text.Slice(i, Step));
            if (found >= 0)
            {
                return (found, i);
            }
        }

        return (from.Length, text.Length);
    }

    private static void Number(ArrayBufferWriter<byte> output, int value)
    {
        Span<byte> digits = output.GetSpan(5);
        int count = 0;
        for (uint rest = (uint)value; ; rest >>= 7)
        {
            digits[count++] = (byte)(rest < 0x80 ? rest : rest | 0x80);
            if (rest < 0x80)
            {
                break;
            }
        }

        output.Advance(count);
    }

    private static int Number(ref ReadOnlySpan<byte> steps)
    {
        int value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte digit = steps[0];
            steps = steps[1..];
            value |= (digit & 0x7f) << shift;
            if (digit < 0x80)
            {
                return value;
            }
        }
    }
}
