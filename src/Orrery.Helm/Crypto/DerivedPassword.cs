using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Orrery.Helm.Go;

namespace Orrery.Helm.Crypto;

/// <summary>The Master Password algorithm: a site's password out of one master password.</summary>
internal static class DerivedPassword
{
    private const string Scope = "com.lyndir.masterpassword";

    private static readonly Dictionary<string, string[]> Forms = new(StringComparer.Ordinal)
    {
        ["maximum"] = ["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        ["long"] =
        [
            "CvcvnoCvcvCvcv", "CvcvCvcvnoCvcv", "CvcvCvcvCvcvno", "CvccnoCvcvCvcv", "CvccCvcvnoCvcv", "CvccCvcvCvcvno", "CvcvnoCvccCvcv", "CvcvCvccnoCvcv", "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc", "CvcvCvcvnoCvcc", "CvcvCvcvCvccno", "CvccnoCvccCvcv", "CvccCvccnoCvcv", "CvccCvccCvcvno", "CvcvnoCvccCvcc", "CvcvCvccnoCvcc", "CvcvCvccCvccno",
            "CvccnoCvcvCvcc", "CvccCvcvnoCvcc", "CvccCvcvCvccno",
        ],
        ["medium"] = ["CvcnoCvc", "CvcCvcno"],
        ["short"] = ["Cvcn"],
        ["basic"] = ["aaanaaan", "aannaaan", "aaannaaa"],
        ["pin"] = ["nnnn"],
    };

    private static string Characters(char form) => form switch
    {
        'V' => "AEIOU",
        'C' => "BCDFGHJKLMNPQRSTVWXYZ",
        'v' => "aeiou",
        'c' => "bcdfghjklmnpqrstvwxyz",
        'a' => "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        'n' => "0123456789",
        'o' => "@&%?,=[]_:-+*$#!'^~;()/.",
        _ => "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    };

    /// <summary>All texts are byte strings; a form that is unknown yields a sentence instead of a password.</summary>
    public static string Of(uint counter, string form, string password, string user, string site)
    {
        if (!Forms.TryGetValue(form, out string[]? forms))
        {
            return "cannot find password template " + form;
        }

        byte[] salt = [.. Encoding.ASCII.GetBytes(Scope), .. Number((uint)user.Length), .. Utf8.ToBytes(user)];
        byte[] key = Scrypt.Key(Utf8.ToBytes(password), salt, 32_768, 8, 2, 64);
        byte[] message = [.. Encoding.ASCII.GetBytes(Scope), .. Number((uint)site.Length), .. Utf8.ToBytes(site), .. Number(counter)];
        byte[] seed = HMACSHA256.HashData(key, message);
        string chosen = forms[seed[0] % forms.Length];
        return string.Concat(chosen.Select((c, i) => Characters(c) is var set ? set[seed[i + 1] % set.Length] : c));
    }

    private static byte[] Number(uint n)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, n);
        return bytes;
    }
}
