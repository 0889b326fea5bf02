using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Orrery.Helm.Crypto;
using Orrery.Helm.Go;

namespace Orrery.Helm.Functions;

/// <summary>Random texts, password hashes, derived passwords and AES.</summary>
internal static class CryptoFunctions
{
    private const string Digits = "0123456789";
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private static string S(object? value) => (string)value!;

    private static long I(object? value) => ((GoInt)value!).Value;

    public static IEnumerable<Function> All =>
    [
        Function.Of("randAlphaNum", [P.Int], a => Random(I(a[0]), Letters + Digits)),
        Function.Of("randAlpha", [P.Int], a => Random(I(a[0]), Letters)),
        Function.Of("randNumeric", [P.Int], a => Random(I(a[0]), Digits)),
        Function.Of("randAscii", [P.Int], a => Random(I(a[0]), string.Concat(Enumerable.Range(' ', 95).Select(c => (char)c)))),
        Function.Of("randBytes", [P.Int], a => Convert.ToBase64String(RandomNumberGenerator.GetBytes(Length(I(a[0]))))),
        Function.Of("randInt", [P.Int, P.Int], a => RandomInt(I(a[0]), I(a[1]))),
        Function.Of("shuffle", [P.String], a => Shuffle(S(a[0]))),
        Function.Of("uuidv4", [], _ => Guid.NewGuid().ToString()),
        Function.Of("bcrypt", [P.String], a => Hashed(S(a[0]))),
        Function.Of("htpasswd", [P.String, P.String], a => S(a[0]).Contains(':', StringComparison.Ordinal) ? "invalid username: " + S(a[0]) : $"{S(a[0])}:{Hashed(S(a[1]))}"),
        Function.Of("derivePassword", [P.Uint32, P.String, P.String, P.String, P.String], a => DerivedPassword.Of((uint)a[0]!, S(a[1]), S(a[2]), S(a[3]), S(a[4]))),
        Function.Of("encryptAES", [P.String, P.String], a => Encrypt(S(a[0]), S(a[1]))),
        Function.Of("decryptAES", [P.String, P.String], a => Decrypt(S(a[0]), S(a[1]))),
    ];

    private static int Length(long count)
    {
        Templates.RenderBudget.Reserve(count);
        return count < 0 ? throw new GoException("runtime error: makeslice: len out of range") : (int)count;
    }

    private static string Random(long count, string from)
    {
        Templates.RenderBudget.Reserve(count);
        return count <= 0 ? "" : RandomNumberGenerator.GetString(from, (int)count);
    }

    private static object RandomInt(long min, long max)
    {
        ulong range = unchecked((ulong)(max - min));
        if (unchecked(max - min) <= 0)
        {
            throw new GoException("invalid argument to Intn");
        }

        ulong random = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(8));
        return new GoInt(min + (long)Math.BigMul(random, range, out _));
    }

    private static string Shuffle(string s)
    {
        string[] runes = [.. Utf8.Runes(s).Select(r => s.Substring(r.At, r.Size))];
        RandomNumberGenerator.Shuffle<string>(runes);
        return string.Concat(runes);
    }

    private static string Hashed(string password) => password.Length > Bcrypt.MaxPassword
        ? FormattableString.Invariant($"failed to encrypt string with bcrypt: bcrypt: password length exceeds {Bcrypt.MaxPassword} bytes")
        : Bcrypt.Hash(Utf8.ToBytes(password));

    private static byte[] AesKey(string password)
    {
        var key = new byte[32];
        byte[] bytes = Utf8.ToBytes(password);
        bytes.AsSpan(0, Math.Min(32, bytes.Length)).CopyTo(key);
        return key;
    }

    private static string Encrypt(string password, string text)
    {
        using var aes = Aes.Create();
        aes.Key = AesKey(password);
        byte[] iv = RandomNumberGenerator.GetBytes(16);
        return Convert.ToBase64String([.. iv, .. aes.EncryptCbc(Utf8.ToBytes(text), iv)]);
    }

    private static string Decrypt(string password, string encoded)
    {
        if (encoded.Length == 0)
        {
            return "";
        }

        if (!GoBase64.Decode(encoded, out string text, out int fault))
        {
            throw new GoException(GoBase64.Fault(fault));
        }

        byte[] data = Utf8.ToBytes(text);
        if (data.Length < 16)
        {
            throw new GoException(FormattableString.Invariant($"runtime error: slice bounds out of range [:16] with capacity {encoded.Length / 4 * 3}"));
        }

        if (data.Length % 16 != 0)
        {
            throw new GoException("crypto/cipher: input not full blocks");
        }

        using var aes = Aes.Create();
        aes.Key = AesKey(password);
        byte[] plain = aes.DecryptCbc(data.AsSpan(16), data.AsSpan(0, 16), PaddingMode.None);
        if (plain.Length == 0)
        {
            throw new GoException("runtime error: index out of range [-1]");
        }

        int end = plain.Length - plain[^1];
        return end < 0 ? throw new GoException(FormattableString.Invariant($"runtime error: slice bounds out of range [:{end}]")) : Utf8.FromBytes(plain.AsSpan(0, end));
    }
}
