using System.Numerics;
using Orrery.Helm.Go;

namespace Orrery.Helm.Templates;

/// <summary>Reads the literals of Go: integers in four bases with underscores, floats, hexadecimal floats, imaginary numbers, characters.</summary>
internal static class NumberLiteral
{
    /// <summary>The literal, or null when it is none.</summary>
    public static NumberNode? Parse(ParsedFile file, Token token)
    {
        string text = token.Text;
        var node = new NumberNode(file, token.Pos, text);
        if (token.Kind == TokenKind.CharConstant)
        {
            if (GoQuote.Unquote(text) is not { } bytes)
            {
                return null;
            }

            int rune = bytes.Length == 1 ? bytes[0] : Utf8.Decode(bytes, 0).Rune;
            (node.Int, node.Uint, node.Float, node.Ideal) = (rune, (ulong)rune, rune, new GoInt(rune));
            return node;
        }

        if (text[^1] == 'i')
        {
            return Imaginary(node, text);
        }

        if (GoParse.Integer(text, 0) is { } wide)
        {
            node.Int = wide >= long.MinValue && wide <= long.MaxValue ? (long)wide : null;
            node.Uint = text[0] is not ('-' or '+') && wide >= 0 && wide <= ulong.MaxValue ? (ulong)wide : text is "-0" or "+0" ? 0UL : null;
            if (node.Int is null && node.Uint is null)
            {
                return null;
            }

            node.Float = GoParse.Rounded(wide);
            node.Ideal = node.Int is { } i ? new GoInt(i) : null;
            return node;
        }

        if (GoParse.Float(text) is { } f && double.IsFinite(f) && (text.IndexOfAny(['.', 'e', 'E', 'p', 'P']) >= 0))
        {
            node.Float = f;
            if (f == Math.Truncate(f) && f is >= -9.2233720368547758e18 and < 9.2233720368547758e18)
            {
                node.Int = (long)f;
            }

            if (f == Math.Truncate(f) && f is >= 0 and < 1.8446744073709552e19)
            {
                node.Uint = (ulong)f;
            }

            node.Ideal = f;
            return node;
        }

        return null;
    }

    /// <summary>What Go says of a literal that is none.</summary>
    public static string Fault(Token token)
    {
        string text = token.Text;
        if (token.Kind == TokenKind.CharConstant)
        {
            string? inner = GoQuote.Unquote('"' + text[1..^1].Replace("\"", "\\\"", StringComparison.Ordinal) + '"');
            return inner is { Length: > 0 } ? $"malformed character constant: {text}" : "invalid syntax";
        }

        return GoParse.Integer(text, 0) is not null
            ? $"integer overflow: {GoQuote.Quote(text)}"
            : $"bad number syntax: {GoQuote.Quote(text)}";
    }

    private static NumberNode? Imaginary(NumberNode node, string text)
    {
        string body = text[..^1];
        int split = body.LastIndexOfAny(['+', '-']);
        while (split > 0 && body[split - 1] is 'e' or 'E' or 'p' or 'P' && split > 1)
        {
            split = body.LastIndexOfAny(['+', '-'], split - 1);
        }

        double? real = split > 0 ? GoParse.Float(body[..split]) : 0;
        double? imaginary = GoParse.Float(split > 0 ? body[split..] : body);
        if (real is not { } re || imaginary is not { } im)
        {
            return null;
        }

        node.Complex = new Complex(re, im);
        node.Ideal = node.Complex;
        if (im == 0)
        {
            node.Float = re;
            node.Int = re == Math.Truncate(re) ? (long)re : null;
            node.Uint = re == Math.Truncate(re) && re >= 0 ? (ulong)re : null;
        }

        return node;
    }
}
