using System.Text;
using System.Text.Json;

namespace Orrery.Machinery.Schemas;

/// <summary>
/// The names of members that built-in types have: one string for each, however many objects are read. What tenants make up (keys of maps, members of custom resources) is not among them: nobody can fill
/// it, or find out by it what others use.
/// </summary>
internal static class MemberNames
{
    /// <summary>No member of a built-in type has a longer name, in bytes.</summary>
    private const int Longest = 64;

    private static readonly Lock Change = new();

    /// <summary>By hash, and behind it where that place is taken; a power of two, never more than half full.</summary>
    private static string?[] names = new string?[512];
    private static int count;

    /// <summary>The one string for this name.</summary>
    public static string Add(string name)
    {
        if (name.Length > Longest || !Ascii.IsValid(name))
        {
            return name;
        }

        Span<byte> utf8 = stackalloc byte[Longest];
        utf8 = utf8[..Encoding.ASCII.GetBytes(name, utf8)];
        lock (Change)
        {
            if (Find(names, utf8, out uint place) is { } known)
            {
                return known;
            }

            if (2 * ++count > names.Length)
            {
                Grow();
                _ = Find(names, utf8, out place);
            }

            Volatile.Write(ref names[place], name);
            return name;
        }
    }

    /// <summary>The text as a string.</summary>
    /// <exception cref="InvalidOperationException">It is no UTF-8.</exception>
    public static string Of(ReadOnlySpan<byte> utf8) => (utf8.Length <= Longest ? Find(Volatile.Read(ref names), utf8, out _) : null) ?? Made(utf8);

    /// <summary>The member's name that a reader stands at.</summary>
    /// <exception cref="InvalidOperationException">It is no UTF-8.</exception>
    public static string Of(ref Utf8JsonReader reader) =>
        (!reader.ValueIsEscaped && reader.ValueSpan.Length <= Longest ? Find(Volatile.Read(ref names), reader.ValueSpan, out _) : null) ?? reader.GetString()!;

    private static string Made(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return Strict.GetString(utf8);
        }
        catch (DecoderFallbackException fault)
        {
            throw new InvalidOperationException(fault.Message, fault);
        }
    }

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static string? Find(string?[] all, ReadOnlySpan<byte> utf8, out uint place)
    {
        uint mask = (uint)all.Length - 1;
        for (place = Hash(utf8) & mask; ; place = (place + 1) & mask)
        {
            string? name = Volatile.Read(ref all[place]);
            if (name is null || Ascii.Equals(utf8, name))
            {
                return name;
            }
        }
    }

    private static void Grow()
    {
        var more = new string?[2 * names.Length];
        Span<byte> utf8 = stackalloc byte[Longest];
        foreach (string? name in names)
        {
            if (name is not null)
            {
                _ = Find(more, utf8[..Encoding.ASCII.GetBytes(name, utf8)], out uint place);
                more[place] = name;
            }
        }

        Volatile.Write(ref names, more);
    }

    private static uint Hash(ReadOnlySpan<byte> utf8)
    {
        uint hash = 2166136261;
        foreach (byte b in utf8)
        {
            hash = (hash ^ b) * 16777619;
        }

        return hash ^ (hash >> 15);
    }
}
