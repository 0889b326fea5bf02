using System.Globalization;
using System.Text;

namespace Orrery.Machinery.Tests.Cel;

/// <summary>A message in protobuf's text form: fields in order, repeated ones more than once. Values are messages, strings (each byte a char) or bare words.</summary>
internal sealed class TextProto
{
    private readonly List<(string Name, object Value)> fields = [];

    public static TextProto Parse(string text)
    {
        int at = 0;
        return Read(text, ref at);
    }

    public IEnumerable<TextProto> All(string name) => fields.Where(f => f.Name == name).Select(f => (TextProto)f.Value);

    public TextProto? Message(string name) => All(name).FirstOrDefault();

    public string? Text(string name) => fields.FirstOrDefault(f => f.Name == name).Value as string;

    /// <summary>A string field's text: its bytes are UTF-8.</summary>
    public string? Utf8(string name) => Text(name) is { } raw ? Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(raw)) : null;

    public IEnumerable<string> Names => fields.Select(f => f.Name);

    private static TextProto Read(string text, ref int at)
    {
        var message = new TextProto();
        while (Skip(text, ref at) && text[at] is not ('}' or '>'))
        {
            int start = at;
            if (text[at] == '[')
            {
                at = text.IndexOf(']', at) + 1;
            }
            else
            {
                Word(text, ref at);
            }

            string name = text[start..at];
            Skip(text, ref at);
            if (text[at] == ':')
            {
                at++;
                Skip(text, ref at);
            }

            if (text[at] == '[')
            {
                at++;
                while (Skip(text, ref at) && text[at] != ']')
                {
                    message.fields.Add((name, Value(text, ref at)));
                    Skip(text, ref at);
                    at += text[at] == ',' ? 1 : 0;
                }

                at++;
            }
            else
            {
                message.fields.Add((name, Value(text, ref at)));
            }
        }

        at++;
        return message;
    }

    private static object Value(string text, ref int at)
    {
        if (text[at] is '{' or '<')
        {
            at++;
            return Read(text, ref at);
        }

        int start = at;
        if (text[at] is not ('"' or '\''))
        {
            Word(text, ref at);
            return text[start..at];
        }

        var made = new StringBuilder();
        while (at < text.Length && text[at] is '"' or '\'')
        {
            Quoted(text, ref at, made);
            Skip(text, ref at);
        }

        return made.ToString();
    }

    private static void Quoted(string text, ref int at, StringBuilder made)
    {
        char quote = text[at++];
        while (text[at] != quote)
        {
            if (text[at] != '\\')
            {
                int length = char.IsHighSurrogate(text[at]) ? 2 : 1;
                made.Append(Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text.Substring(at, length))));
                at += length;
                continue;
            }

            char c = text[++at];
            at++;
            int digits = c switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
            if (digits > 0)
            {
                int code = int.Parse(text.AsSpan(at, digits), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                made.Append(c == 'x' ? ((char)code).ToString() : Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(char.ConvertFromUtf32(code))));
                at += digits;
            }
            else if (c is >= '0' and <= '7')
            {
                int end = at;
                while (end < at + 2 && text[end] is >= '0' and <= '7')
                {
                    end++;
                }

                made.Append((char)Convert.ToInt32(text[(at - 1)..end], 8));
                at = end;
            }
            else
            {
                made.Append(c switch { 'n' => '\n', 't' => '\t', 'r' => '\r', 'a' => '\a', 'b' => '\b', 'f' => '\f', 'v' => '\v', _ => c });
            }
        }

        at++;
    }

    private static void Word(string text, ref int at)
    {
        while (at < text.Length && (char.IsLetterOrDigit(text[at]) || text[at] is '_' or '.' or '-' or '+'))
        {
            at++;
        }
    }

    private static bool Skip(string text, ref int at)
    {
        while (at < text.Length && (char.IsWhiteSpace(text[at]) || text[at] is '#' or ';' or ','))
        {
            if (text[at] == '#')
            {
                int end = text.IndexOf('\n', at);
                at = end < 0 ? text.Length : end;
            }
            else
            {
                at++;
            }
        }

        return at < text.Length;
    }
}
