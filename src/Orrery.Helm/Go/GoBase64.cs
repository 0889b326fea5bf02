namespace Orrery.Helm.Go;

/// <summary>Go's base64.StdEncoding, with the place of a fault.</summary>
internal static class GoBase64
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    public static string Fault(int at) => FormattableString.Invariant($"illegal base64 data at input byte {at}");

    /// <summary>Decodes; line ends are skipped, padding is required. False with the place where it fails.</summary>
    public static bool Decode(string s, out string bytes, out int fault)
    {
        var result = new System.Text.StringBuilder(s.Length * 3 / 4);
        (bytes, fault) = ("", 0);
        int at = 0;
        while (at < s.Length)
        {
            int group = 0;
            int count = 0;
            for (; count < 4; count++)
            {
                while (at < s.Length && s[at] is '\r' or '\n')
                {
                    at++;
                }

                if (at == s.Length)
                {
                    fault = at - count;
                    bytes = result.ToString();
                    return count == 0;
                }

                int digit = Alphabet.IndexOf(s[at], StringComparison.Ordinal);
                if (digit < 0)
                {
                    break;
                }

                group = (group << 6) | digit;
                at++;
            }

            if (count < 4 && !Padding(s, ref at, count))
            {
                fault = at;
                return false;
            }

            group <<= 6 * (4 - count);
            for (int i = 0; i < count - 1; i++)
            {
                result.Append((char)((group >> (16 - (8 * i))) & 0xFF));
            }
        }

        bytes = result.ToString();
        return true;
    }

    private static bool Padding(string s, ref int at, int count)
    {
        if (s[at] != '=' || count < 2)
        {
            return false;
        }

        at++;
        Skip(s, ref at);
        if (count == 2)
        {
            if (at == s.Length || s[at] != '=')
            {
                at = at == s.Length ? at : at - 1;
                return false;
            }

            at++;
            Skip(s, ref at);
        }

        return at == s.Length;
    }

    private static void Skip(string s, ref int at)
    {
        while (at < s.Length && s[at] is '\r' or '\n')
        {
            at++;
        }
    }
}
