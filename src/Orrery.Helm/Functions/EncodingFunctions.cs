using System.Security.Cryptography;
using System.Text;
using Orrery.Helm.Go;
using Orrery.Helm.Yaml;

namespace Orrery.Helm.Functions;

/// <summary>JSON, YAML, base64, base32 and digests.</summary>
internal static class EncodingFunctions
{
    private const string Base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    private static string S(object? value) => (string)value!;

    private static Function Text(string name, Func<string, string> f) => Function.Of(name, [P.String], a => f(S(a[0])));

    public static IEnumerable<Function> All =>
    [
        Function.Of("toYaml", [P.Any], a => Quietly(() => YamlWriter.Write(a[0]).TrimEnd1())),
        Function.Of("toYamlPretty", [P.Any], a => Quietly(() => YamlWriter.Write(a[0], pretty: true).TrimEnd1())),
        Function.Of("fromYaml", [P.String], a => Map(() => YamlReader.Read(S(a[0])), yaml: true)),
        Function.Of("fromYamlArray", [P.String], a => Array(() => YamlReader.Read(S(a[0])), yaml: true)),
        Function.Of("toToml", [P.Any], a => ToToml(a[0])),
        Function.Of("fromToml", [P.String], a => FromToml(S(a[0]))),
        Function.Of("toJson", [P.Any], a => Quietly(() => GoJson.Write(a[0]))),
        Function.Of("mustToJson", [P.Any], a => GoJson.Write(a[0])),
        Function.Of("toPrettyJson", [P.Any], a => Quietly(() => GoJson.Write(a[0], indent: "  "))),
        Function.Of("mustToPrettyJson", [P.Any], a => GoJson.Write(a[0], indent: "  ")),
        Function.Of("toRawJson", [P.Any], a => GoJson.Write(a[0], escapeHtml: false)),
        Function.Of("mustToRawJson", [P.Any], a => GoJson.Write(a[0], escapeHtml: false)),
        Function.Of("fromJson", [P.String], a => FromJson(S(a[0]))),
        Function.Of("fromJsonArray", [P.String], a => Array(() => GoJson.Read(S(a[0])), yaml: false)),
        Function.OfAny("mustFromJson", [P.String], a => GoJson.Read(S(a[0]))),
        Text("b64enc", s => Convert.ToBase64String(Utf8.ToBytes(s))),
        Text("b64dec", Base64Decode),
        Text("b32enc", Base32Encode),
        Text("b32dec", Base32Decode),
        Text("sha1sum", s => Convert.ToHexStringLower(SHA1.HashData(Utf8.ToBytes(s)))),
        Text("sha256sum", s => Convert.ToHexStringLower(SHA256.HashData(Utf8.ToBytes(s)))),
        Text("sha512sum", s => Convert.ToHexStringLower(SHA512.HashData(Utf8.ToBytes(s)))),
        Text("adler32sum", s => Adler32(s).ToString(System.Globalization.CultureInfo.InvariantCulture)),
    ];

    private static string TrimEnd1(this string s) => s.EndsWith('\n') ? s[..^1] : s;

    /// <summary>Helm swallows what cannot be marshalled: the result is empty.</summary>
    private static string Quietly(Func<string> write)
    {
        try
        {
            return write();
        }
        catch (GoException)
        {
            return "";
        }
    }

    private static string ToToml(object? value)
    {
        if (value is null)
        {
            throw new GoException("reflect: call of reflect.Value.Type on zero Value");
        }

        try
        {
            return Toml.TomlWriter.Write(value);
        }
        catch (GoException e)
        {
            return e.Message;
        }
    }

    private static GoMap FromToml(string text)
    {
        try
        {
            return Toml.TomlReader.Read(text);
        }
        catch (GoException e)
        {
            return new GoMap { ["Error"] = e.Message };
        }
    }

    /// <summary>A number out of range is left out; what else was read stays beside the fault.</summary>
    private static GoMap FromJson(string text)
    {
        GoException? fault = null;
        GoMap map = Map(() => GoJson.Read(text, out fault), yaml: false);
        if (fault is not null && !map.IsNil)
        {
            map["Error"] = fault.Message;
        }

        return map;
    }

    private static GoMap Map(Func<object?> read, bool yaml)
    {
        var map = new GoMap();
        try
        {
            switch (read())
            {
                case GoMap found:
                    return found;
                case null:
                    return yaml ? map : new GoMap { IsNil = true };
                case var other:
                    map["Error"] = Mismatch(other, "map[string]interface {}", yaml);
                    return map;
            }
        }
        catch (GoException e)
        {
            map["Error"] = e.Message;
            return map;
        }
    }

    private static GoSlice Array(Func<object?> read, bool yaml)
    {
        try
        {
            return read() switch
            {
                GoSlice found => found,
                null => new GoSlice([]) { IsNil = !yaml },
                var other => new GoSlice([Mismatch(other, "[]interface {}", yaml)]),
            };
        }
        catch (GoException e)
        {
            return new GoSlice([e.Message]);
        }
    }

    private static string Mismatch(object value, string type, bool yaml)
    {
        string what = value switch { GoMap => "object", GoSlice => "array", string => "string", bool => "bool", _ => "number" };
        return (yaml ? "error unmarshaling JSON: while decoding JSON: " : "") + $"json: cannot unmarshal {what} into Go value of type {type}";
    }

    /// <summary>An error becomes the result, as Sprig does it.</summary>
    private static string Base64Decode(string s) => GoBase64.Decode(s, out string bytes, out int fault) ? bytes : GoBase64.Fault(fault);

    private static string Base32Encode(string s)
    {
        var b = new StringBuilder();
        for (int i = 0; i < s.Length; i += 5)
        {
            ulong group = 0;
            int n = Math.Min(5, s.Length - i);
            for (int k = 0; k < 5; k++)
            {
                group = (group << 8) | (k < n ? s[i + k] : 0UL);
            }

            int chars = ((n * 8) + 4) / 5;
            for (int k = 0; k < 8; k++)
            {
                b.Append(k < chars ? Base32[(int)((group >> (35 - (5 * k))) & 31)] : '=');
            }
        }

        return b.ToString();
    }

    private static string Base32Decode(string s)
    {
        var b = new StringBuilder();
        string text = s.Replace("\r", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal);
        string clean = text.TrimEnd('=');
        int bits = 0;
        int buffer = 0;
        for (int i = 0; i < clean.Length; i++)
        {
            int digit = Base32.IndexOf(clean[i], StringComparison.Ordinal);
            if (digit < 0)
            {
                return FormattableString.Invariant($"illegal base32 data at input byte {i}");
            }

            buffer = ((buffer << 5) | digit) & 0xFFFFF;
            bits += 5;
            if (bits >= 8)
            {
                bits -= 8;
                b.Append((char)((buffer >> bits) & 0xFF));
            }
        }

        return text.Length % 8 == 0 ? b.ToString() : FormattableString.Invariant($"illegal base32 data at input byte {text.Length}");
    }

    private static uint Adler32(string s)
    {
        (uint a, uint b) = (1, 0);
        foreach (char c in s)
        {
            a = (a + c) % 65521;
            b = (b + a) % 65521;
        }

        return (b << 16) | a;
    }
}
