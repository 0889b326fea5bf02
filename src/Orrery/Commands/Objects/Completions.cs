using System.CommandLine;
using System.CommandLine.Completions;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Commands.Objects;

/// <summary>What a shell offers for names of things in the cluster; nothing where the cluster does not answer, as a shell has no place for errors.</summary>
internal static class Completions
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Names of objects; behind a comma the rest of a list.</summary>
    public static T With<T>(this T option, ObjectKind kind)
        where T : Option
    {
        option.CompletionSources.Add(context => Names(kind, context));
        return option;
    }

    public static IEnumerable<CompletionItem> Names(ObjectKind kind, CompletionContext context) => Names(kind, context, qualified: false);

    /// <param name="qualified">Of all namespaces, as <c>NAMESPACE/NAME</c>.</param>
    public static IEnumerable<CompletionItem> Names(ObjectKind kind, CompletionContext context, bool qualified)
    {
        try
        {
            using var client = new KubeClient(ClusterOptions.Config(context.ParseResult));
            using var patience = new CancellationTokenSource(Patience);
            string ns = kind.IsNamespaced && !qualified ? ClusterOptions.Namespace(context.ParseResult) ?? client.Config.DefaultNamespace : "";
            KubeList list = client.ListAsync(kind.Resource, ns, null, patience.Token).GetAwaiter().GetResult();
            string[] before = context.WordToComplete.Split(',')[..^1];
            string listed = string.Concat(before.Select(b => b + ","));
            return [.. list.Items.Select(i => qualified ? $"{i.Namespace}/{i.Name}" : i.Name).Except(before, StringComparer.Ordinal).Select(n => new CompletionItem(listed + n))];
        }
        catch (Exception e) when (e is CommandFailedException or StatusException or HttpRequestException or IOException or TimeoutException or OperationCanceledException)
        {
            return [];
        }
    }

    public static IEnumerable<CompletionItem> Contexts(CompletionContext context)
    {
        try
        {
            return [.. KubeConfig.Contexts(ClusterOptions.Paths(context.ParseResult)).Select(c => new CompletionItem(c))];
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            return [];
        }
    }
}
