namespace Orrery.Helm.Templates;

internal enum TokenKind
{
    Error, Bool, Char, CharConstant, Comment, Assign, Declare, Eof, Field, Identifier, LeftDelim, LeftParen, Number, Pipe,
    RawString, RightDelim, RightParen, Space, String, Text, Variable,

    // Keywords stand behind this mark, as they are printed differently in errors.
    Keyword, Block, Break, Continue, Dot, Define, Else, End, If, Nil, Range, Template, With,
}

internal readonly record struct Token(TokenKind Kind, int Pos, string Text, int Line)
{
    /// <summary>As Go prints an item in a parse error.</summary>
    public override string ToString() => Kind switch
    {
        TokenKind.Eof => "EOF",
        TokenKind.Error => Text,
        > TokenKind.Keyword => $"<{Text}>",
        _ when Text.Length > 10 => Go.GoQuote.Quote(Text[..10]) + "...",
        _ => Go.GoQuote.Quote(Text),
    };
}
