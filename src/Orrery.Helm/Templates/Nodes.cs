using System.Numerics;
using Orrery.Helm.Go;

namespace Orrery.Helm.Templates;

/// <summary>A node of a parsed template. <see cref="object.ToString"/> is what Go prints of it in errors.</summary>
internal abstract class Node(ParsedFile file, int pos)
{
    public ParsedFile File { get; } = file;

    public int Pos { get; } = pos;
}

/// <summary>The text that nodes point into, under the name that errors show.</summary>
internal sealed record ParsedFile(string Name, string Text)
{
    /// <summary>name:line:column of a place; the column counts bytes from 0.</summary>
    public string Location(int pos)
    {
        ReadOnlySpan<char> before = Text.AsSpan(0, Math.Min(pos, Text.Length));
        int lineStart = before.LastIndexOf('\n') + 1;
        return FormattableString.Invariant($"{Name}:{1 + before.Count('\n')}:{before.Length - lineStart}");
    }
}

internal sealed class ListNode(ParsedFile file, int pos) : Node(file, pos)
{
    public List<Node> Nodes { get; } = [];

    /// <summary>Whether nothing but space, comments and definitions stands here.</summary>
    public bool IsBlank => Nodes.All(n => n is TextNode t && t.Text.AsSpan().Trim(" \t\r\n\v\f\u0085\u00a0").IsEmpty);

    public override string ToString() => string.Concat(Nodes);
}

internal sealed class TextNode(ParsedFile file, int pos, string text) : Node(file, pos)
{
    public string Text { get; } = text;

    public override string ToString() => Text;
}

internal sealed class ActionNode(ParsedFile file, int pos, PipeNode pipe) : Node(file, pos)
{
    public PipeNode Pipe { get; } = pipe;

    public override string ToString() => $"{{{{{Pipe}}}}}";
}

internal sealed class PipeNode(ParsedFile file, int pos) : Node(file, pos)
{
    public bool IsAssign { get; set; }

    public List<VariableNode> Declared { get; } = [];

    public List<CommandNode> Commands { get; } = [];

    public override string ToString() =>
        (Declared.Count > 0 ? string.Join(", ", Declared) + (IsAssign ? " = " : " := ") : "") + string.Join(" | ", Commands);
}

internal sealed class CommandNode(ParsedFile file, int pos) : Node(file, pos)
{
    public List<Node> Arguments { get; } = [];

    public override string ToString() => string.Join(' ', Arguments.Select(a => a is PipeNode ? $"({a})" : a.ToString()));
}

internal sealed class IdentifierNode(ParsedFile file, int pos, string name) : Node(file, pos)
{
    public string Name { get; } = name;

    public override string ToString() => Name;
}

internal sealed class VariableNode(ParsedFile file, int pos, string[] path) : Node(file, pos)
{
    public string[] Path { get; } = path;

    public override string ToString() => string.Join('.', Path);
}

internal sealed class FieldNode(ParsedFile file, int pos, string[] path) : Node(file, pos)
{
    public string[] Path { get; } = path;

    public override string ToString() => "." + string.Join('.', Path);
}

internal sealed class ChainNode(ParsedFile file, int pos, Node of) : Node(file, pos)
{
    public Node Of { get; } = of;

    public List<string> Path { get; } = [];

    public override string ToString() => (Of is PipeNode ? $"({Of})" : Of.ToString()) + string.Concat(Path.Select(p => "." + p));
}

internal sealed class DotNode(ParsedFile file, int pos) : Node(file, pos)
{
    public override string ToString() => ".";
}

internal sealed class NilNode(ParsedFile file, int pos) : Node(file, pos)
{
    public override string ToString() => "nil";
}

internal sealed class BoolNode(ParsedFile file, int pos, bool value) : Node(file, pos)
{
    public bool Value { get; } = value;

    public object Boxed { get; } = value;

    public override string ToString() => Value ? "true" : "false";
}

internal sealed class StringNode(ParsedFile file, int pos, string quoted, string text) : Node(file, pos)
{
    public string Text { get; } = text;

    public override string ToString() => quoted;
}

/// <summary>A number may be several kinds at once: 1 is an integer, an unsigned one, and a float.</summary>
internal sealed class NumberNode(ParsedFile file, int pos, string text) : Node(file, pos)
{
    public long? Int { get; set; }

    public ulong? Uint { get; set; }

    public double? Float { get; set; }

    public Complex? Complex { get; set; }

    /// <summary>What the literal is where no type is asked for; null when it overflows an int.</summary>
    public object? Ideal { get; set; }

    public override string ToString() => text;
}

internal sealed class BranchNode(ParsedFile file, int pos, TokenKind kind, PipeNode pipe, ListNode then, ListNode? otherwise) : Node(file, pos)
{
    public TokenKind Kind { get; } = kind;

    public PipeNode Pipe { get; } = pipe;

    public ListNode Then { get; } = then;

    public ListNode? Else { get; } = otherwise;
}

internal sealed class JumpNode(ParsedFile file, int pos, bool isBreak) : Node(file, pos)
{
    public bool IsBreak { get; } = isBreak;
}

internal sealed class TemplateNode(ParsedFile file, int pos, string name, PipeNode? pipe) : Node(file, pos)
{
    public string Name { get; } = name;

    public PipeNode? Pipe { get; } = pipe;

    public override string ToString() => $"{{{{template {GoQuote.Quote(Name)}{(Pipe is null ? "" : $" {Pipe}")}}}}}";
}
