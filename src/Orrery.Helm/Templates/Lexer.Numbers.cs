namespace Orrery.Helm.Templates;

// Numbers as Go writes them: four bases, underscores, exponents, a trailing i.
internal sealed partial class Lexer
{
    private Token Number()
    {
        if (!ScanNumber())
        {
            return Error($"bad number syntax: {Go.GoQuote.Quote(input[start..pos])}");
        }

        if (Peek() is '+' or '-')
        {
            // A complex number like 1+2i has no spaces and ends in i.
            return !ScanNumber() || input[pos - 1] != 'i'
                ? Error($"bad number syntax: {Go.GoQuote.Quote(input[start..pos])}")
                : Emit(TokenKind.Number);
        }

        return Emit(TokenKind.Number);
    }

    private bool Accept(string set)
    {
        if (Peek() is var c && c >= 0 && set.Contains((char)c, StringComparison.Ordinal))
        {
            pos++;
            return true;
        }

        return false;
    }

    private void AcceptRun(string set)
    {
        while (Accept(set))
        {
        }
    }

    private bool ScanNumber()
    {
        Accept("+-");
        string digits = "0123456789_";
        if (Accept("0"))
        {
            digits = Accept("xX") ? "0123456789abcdefABCDEF_" : Accept("oO") ? "01234567_" : Accept("bB") ? "01_" : digits;
        }

        AcceptRun(digits);
        if (Accept("."))
        {
            AcceptRun(digits);
        }

        if (digits.Length == 11 && Accept("eE"))
        {
            Accept("+-");
            AcceptRun("0123456789_");
        }

        if (digits.Length == 23 && Accept("pP"))
        {
            Accept("+-");
            AcceptRun("0123456789_");
        }

        Accept("i");
        if (pos < input.Length && Go.Utf8.Decode(input, pos) is var (rune, size) && Go.Utf8.IsAlphaNumeric(rune))
        {
            pos += size;
            return false;
        }

        return true;
    }
}
