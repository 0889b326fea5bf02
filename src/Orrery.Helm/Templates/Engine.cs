using System.Text;
using System.Text.RegularExpressions;
using Orrery.Helm.Functions;
using Orrery.Helm.Go;

namespace Orrery.Helm.Templates;

/// <summary>A template of a chart: the path it is known by, its text, and what it sees.</summary>
internal sealed record TemplateSource(string Path, string Text, GoMap Values, string BasePath)
{
    /// <summary>What texts of its chart have been parsed to before, by path; null keeps nothing.</summary>
    public System.Collections.Concurrent.ConcurrentDictionary<string, IReadOnlyDictionary<string, ListNode>>? Parsed { get; init; }
}

/// <summary>Helm's engine: all templates of a chart and its subcharts as one set, each rendered with its own values.</summary>
internal static partial class Engine
{
    private const int MaxIncludes = 1_000;

    /// <summary>Under what tpl counts its depth; no template can be named so, as names are quoted.</summary>
    private const string TplDepth = "\0tpl";

    private const int StackSize = 256 << 20;

    /// <summary>Renders every template that is no partial. Keys of the result are paths.</summary>
    /// <exception cref="ChartException">A template failed to parse or to run, with Helm's text.</exception>
    public static Dictionary<string, string> Render(IReadOnlyCollection<TemplateSource> sources, RenderBudget budget, LookupAnswers? lookups = null)
    {
        Dictionary<string, string>? rendered = null;
        Exception? failure = null;
        // Templates recurse as deep as Go's growing stacks allow, so a render has a thread of its own.
        var thread = new Thread(
            () =>
            {
                try
                {
                    budget.Enter();
                    rendered = RenderAll(sources, budget, lookups);
                }
                catch (Exception e)
                {
                    failure = e;
                }
            },
            StackSize);
        thread.Start();
        thread.Join();
        if (failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }

        return rendered!;
    }

    private static Dictionary<string, string> RenderAll(IReadOnlyCollection<TemplateSource> sources, RenderBudget budget, LookupAnswers? lookups)
    {
        var set = new TemplateSet(FunctionTable.Pure);
        BindClock(set, budget.Clock);
        if (lookups is not null)
        {
            set.Set(Function.Of("lookup", [P.String, P.String, P.String, P.String], a => lookups.Find(new LookupQuery(Text(a[0]), Text(a[1]), Text(a[2]), Text(a[3])))));
        }

        Bind(set, new Dictionary<string, int>(StringComparer.Ordinal), budget);
        TemplateSource[] ordered = [.. sources.OrderByDescending(s => s.Path.Count(c => c == '/')).ThenByDescending(s => s.Path, StringComparer.Ordinal)];
        foreach (TemplateSource source in ordered)
        {
            try
            {
                if (source.Parsed is not null && source.Parsed.TryGetValue(source.Path, out IReadOnlyDictionary<string, ListNode>? known))
                {
                    set.Add(known);
                }
                else
                {
                    IReadOnlyDictionary<string, ListNode> trees = set.Parse(source.Path, source.Text);
                    source.Parsed?.TryAdd(source.Path, trees);
                }
            }
            catch (TemplateParseException e)
            {
                string[] tokens = e.Message.Split(": ");
                throw new ChartException("parse", tokens.Length == 1 ? $"parse error in ({source.Path}): {e.Message}" : $"parse error at ({tokens[1]}): {tokens[^1]}");
            }
        }

        var rendered = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (TemplateSource source in ordered)
        {
            if (source.Path[(source.Path.LastIndexOf('/') + 1)..].StartsWith('_'))
            {
                continue;
            }

            var own = new GoMap(GoMap.Values) { ["Name"] = source.Path, ["BasePath"] = source.BasePath };
            source.Values["Template"] = own;
            var output = new StringBuilder();
            try
            {
                Executor.Execute(set, set.Find(source.Path)!, source.Values, output, budget);
            }
            catch (TemplateExecException e)
            {
                throw Cleaned(e.Message);
            }

            rendered[source.Path] = output.Replace("<no value>", "").ToString();
        }

        return rendered;
    }

    /// <summary>What fail and required raised stands alone with its place; every other error stays as it is.</summary>
    private static ChartException Cleaned(string message)
    {
        string[] tokens = message.Split(": ", 3);
        Match raised = tokens.Length == 3 ? Raised().Match(tokens[2]) : Match.Empty;
        return raised.Success ? new ChartException("message", $"execution error at ({tokens[1]}): {raised.Groups[1].Value}") : new ChartException("exec", message);
    }

    private static void BindClock(TemplateSet set, TimeProvider clock)
    {
        foreach (Function function in new DateFunctions(clock).All.Concat(new CertificateFunctions(clock).All))
        {
            set.Set(function);
        }
    }

    private static string Text(object? argument) => Utf8.ToText((string)argument!);

    private static void Bind(TemplateSet set, Dictionary<string, int> included, RenderBudget budget)
    {
        set.Set(Function.Of("include", [P.String, P.Any], a => Include(set, included, budget, (string)a[0]!, a[1])));
        set.Set(Function.Of("tpl", [P.String, P.Any], a => Tpl(set, included, budget, (string)a[0]!, a[1])));
    }

    private static string Include(TemplateSet set, Dictionary<string, int> included, RenderBudget budget, string name, object? data)
    {
        int depth = included.GetValueOrDefault(name);
        if (depth > MaxIncludes)
        {
            throw new GoException($"rendering template has a nested reference name: {name}: unable to execute template");
        }

        included[name] = depth + 1;
        Template template = set.Find(name) ?? throw new GoException($"template: no template {GoQuote.Quote(name)} associated with template \"gotpl\"");
        var output = new StringBuilder();
        Executor.Execute(set, template, data, output, budget);
        included[name]--;
        return output.ToString();
    }

    private static string Tpl(TemplateSet parent, Dictionary<string, int> included, RenderBudget budget, string text, object? data)
    {
        // Go lets tpl call itself until its stack bursts, and the whole process with it.
        int depth = included.GetValueOrDefault(TplDepth);
        if (depth > MaxIncludes)
        {
            throw new RenderLimitException(FormattableString.Invariant($"tpl calls itself deeper than {MaxIncludes} levels"));
        }

        included[TplDepth] = depth + 1;
        string output = Expand(parent, included, budget, text, data);
        included[TplDepth] = depth;
        return output;
    }

    private static string Expand(TemplateSet parent, Dictionary<string, int> included, RenderBudget budget, string text, object? data)
    {
        TemplateSet set = parent.Clone();
        Bind(set, included, budget);
        Template template;
        try
        {
            set.Parse("gotpl", text);
            template = set.Find("gotpl")!;
        }
        catch (TemplateParseException e)
        {
            throw new GoException($"cannot parse template {GoQuote.Quote(text)}: {e.Message}");
        }

        var output = new StringBuilder();
        try
        {
            Executor.Execute(set, template, data, output, budget);
        }
        catch (TemplateExecException e)
        {
            throw new GoException($"error during tpl function execution for {GoQuote.Quote(text)}: {e.Message}");
        }

        return output.Replace("<no value>", "").ToString();
    }

    [GeneratedRegex("HELM_ERR_START(.*)HELM_ERR_END", RegexOptions.Singleline)]
    private static partial Regex Raised();
}
