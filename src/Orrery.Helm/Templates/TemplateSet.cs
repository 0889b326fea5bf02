using Orrery.Helm.Functions;
using Orrery.Helm.Go;

namespace Orrery.Helm.Templates;

/// <summary>A fault while a template runs; the message is the one Go prints, with place and context.</summary>
internal sealed class TemplateExecException(string message) : Exception(message);

/// <summary>A definition that can be called: its name and its tree.</summary>
internal sealed record Template(string Name, ListNode Tree);

/// <summary>Templates that know each other by name, and the functions they may call: Go's associated templates.</summary>
internal sealed class TemplateSet
{
    private readonly Dictionary<string, Template> templates;
    private readonly Dictionary<string, Function> functions;

    public TemplateSet(IReadOnlyDictionary<string, Function> functions) =>
        (templates, this.functions) = (new(StringComparer.Ordinal), new(functions, StringComparer.Ordinal));

    private TemplateSet(TemplateSet other) =>
        (templates, functions) = (new(other.templates, StringComparer.Ordinal), new(other.functions, StringComparer.Ordinal));

    public TemplateSet Clone() => new(this);

    public Template? Find(string name) => templates.GetValueOrDefault(name);

    public Function? Function(string name) => functions.GetValueOrDefault(name);

    public void Set(Function function) => functions[function.Name] = function;

    /// <summary>Parses a text and adds what it defines; a blank one does not displace a template that has content.</summary>
    public IReadOnlyDictionary<string, ListNode> Parse(string name, string text)
    {
        IReadOnlyDictionary<string, ListNode> trees = Parser.Parse(name, text, n => functions.ContainsKey(n));
        Add(trees);
        return trees;
    }

    public void Add(IReadOnlyDictionary<string, ListNode> trees)
    {
        foreach ((string defined, ListNode tree) in trees)
        {
            if (!tree.IsBlank || !templates.ContainsKey(defined))
            {
                templates[defined] = new Template(defined, tree);
            }
        }
    }
}
