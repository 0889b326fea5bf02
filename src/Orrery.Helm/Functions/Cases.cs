using System.Text;

namespace Orrery.Helm.Functions;

/// <summary>xstrings' changes of case, as Sprig uses them.</summary>
internal static class Cases
{
    public static string Swap(string s)
    {
        var b = new StringBuilder();
        bool start = true;
        foreach (char c in s)
        {
            b.Append(char.IsUpper(c) ? char.ToLowerInvariant(c) : char.IsLower(c) ? (start ? char.ToUpperInvariant(c) : char.ToUpperInvariant(c)) : c);
            start = char.IsWhiteSpace(c);
        }

        return b.ToString();
    }

    /// <summary>Words in lower case with a delimiter between them: FirstName and FIRSTName give first_name.</summary>
    public static string Delimited(string s, char delimiter)
    {
        var b = new StringBuilder();
        for (int i = 0; i < s.Length; i++)
        {
            char c = s[i];
            if (c is '_' or '-' or ' ' || char.IsWhiteSpace(c))
            {
                b.Append(delimiter);
                continue;
            }

            bool previousWord = i > 0 && char.IsLetterOrDigit(s[i - 1]);
            if (char.IsUpper(c) && previousWord && (!char.IsUpper(s[i - 1]) || (i + 1 < s.Length && char.IsLower(s[i + 1]))))
            {
                b.Append(delimiter);
            }
            else if (char.IsDigit(c) && previousWord && char.IsLetter(s[i - 1]))
            {
                b.Append(delimiter);
            }

            b.Append(char.ToLowerInvariant(c));
        }

        return b.ToString();
    }

    public static string Camel(string s)
    {
        var b = new StringBuilder();
        bool up = true;
        int lead = 0;
        while (lead < s.Length && s[lead] is '_' or '-' or ' ')
        {
            b.Append(s[lead++]);
            if (lead >= s.Length)
            {
                return b.ToString();
            }
        }

        foreach (char c in s.AsSpan(lead))
        {
            if (c is '_' or '-' or ' ')
            {
                up = true;
                continue;
            }

            b.Append(up ? char.ToUpperInvariant(c) : char.ToLowerInvariant(c));
            up = false;
        }

        return b.ToString();
    }
}
