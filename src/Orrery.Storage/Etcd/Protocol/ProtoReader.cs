namespace Orrery.Storage.Etcd.Protocol;

/// <summary>Reads a protocol buffers message field by field; those that nobody asks for are skipped.</summary>
internal ref struct ProtoReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> rest = message;

    /// <summary>Number of the field that <see cref="Next"/> came to.</summary>
    public int Field { get; private set; }

    /// <summary>The value of a number field.</summary>
    public long Int { get; private set; }

    /// <summary>The value of a field with a length: bytes, text, or a message.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    public readonly bool Flag => Int != 0;

    /// <returns>False at the end.</returns>
    /// <exception cref="FormatException">The message is damaged.</exception>
    public bool Next()
    {
        if (rest.IsEmpty)
        {
            return false;
        }

        ulong tag = Number();
        Field = (int)(tag >> 3);
        switch (tag & 7)
        {
            case 0:
                Int = (long)Number();
                return true;
            case 1:
                Take(8);
                return true;
            case 2:
                Bytes = Take(Number());
                return true;
            case 5:
                Take(4);
                return true;
            default:
                throw new FormatException($"field {Field} has the unknown wire type {tag & 7}");
        }
    }

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)rest.Length)
        {
            throw new FormatException($"field {Field} is cut short");
        }

        ReadOnlySpan<byte> taken = rest[..(int)length];
        rest = rest[(int)length..];
        return taken;
    }

    private ulong Number()
    {
        ulong value = 0;
        for (int i = 0; i < 10 && i < rest.Length; i++)
        {
            value |= (ulong)(rest[i] & 0x7f) << (7 * i);
            if (rest[i] < 0x80)
            {
                rest = rest[(i + 1)..];
                return value;
            }
        }

        throw new FormatException("a number is cut short");
    }
}
