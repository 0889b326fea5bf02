using Orrery.Helm.Functions;
using Orrery.Helm.Go;

namespace Orrery.Helm.Templates;

/// <summary>A fault while a template runs; the message is the one Go prints, with place and context.</summary>
internal sealed class TemplateExecException(string message) : Exception(message);

/// <summary>A definition that can be called: its name and its tree.</summary>
internal sealed record Template(string Name, ListNode Tree);

/// <summary>
/// Templates that know each other by name, and the functions they may call: Go's associated templates. A clone looks into
/// its origin for what it does not define itself, so that cloning, which every tpl does, costs nothing.
/// </summary>
internal sealed class TemplateSet
{
    private readonly Dictionary<string, Template> templates = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Function> own = new(StringComparer.Ordinal);
    private readonly IReadOnlyDictionary<string, Function> shared;
    private readonly TemplateSet? origin;

    public TemplateSet(IReadOnlyDictionary<string, Function> functions) => shared = functions;

    private TemplateSet(TemplateSet origin) => (this.origin, shared) = (origin, origin.shared);

    public TemplateSet Clone() => new(this);

    public Template? Find(string name)
    {
        for (TemplateSet? set = this; set is not null; set = set.origin)
        {
            if (set.templates.TryGetValue(name, out Template? found))
            {
                return found;
            }
        }

        return null;
    }

    public Function? Function(string name)
    {
        for (TemplateSet? set = this; set is not null; set = set.origin)
        {
            if (set.own.TryGetValue(name, out Function? found))
            {
                return found;
            }
        }

        return shared.GetValueOrDefault(name);
    }

    public void Set(Function function) => own[function.Name] = function;

    /// <summary>Parses a text and adds what it defines; a blank one does not displace a template that has content.</summary>
    public IReadOnlyDictionary<string, ListNode> Parse(string name, string text)
    {
        IReadOnlyDictionary<string, ListNode> trees = Parser.Parse(name, text, n => Function(n) is not null);
        Add(trees);
        return trees;
    }

    public void Add(IReadOnlyDictionary<string, ListNode> trees)
    {
        foreach ((string defined, ListNode tree) in trees)
        {
            if (!tree.IsBlank || Find(defined) is null)
            {
                templates[defined] = new Template(defined, tree);
            }
        }
    }
}
