using System.CommandLine;
using System.CommandLine.Completions;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Commands.Objects;

/// <summary>Names of objects on the command line; a shell completes them from the cluster.</summary>
internal static class NameArgument
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public static Argument<string> One(ObjectKind kind, ClusterOptions? complete = null) => With(new Argument<string>("NAME") { HelpName = "NAME", Description = $"Name of the {kind.Kind}." }, kind, complete);

    public static Argument<string[]> Many(ObjectKind kind, ClusterOptions complete) =>
        With(new Argument<string[]>("NAME") { HelpName = "NAME", Description = $"Names of {kind.Kind} objects.", Arity = ArgumentArity.ZeroOrMore }, kind, complete);

    private static T With<T>(T argument, ObjectKind kind, ClusterOptions? complete)
        where T : Argument
    {
        if (complete is not null)
        {
            argument.CompletionSources.Add(context => Names(kind, complete, context));
        }

        return argument;
    }

    /// <summary>What a shell offers; nothing where the cluster does not answer, as a shell has no place for errors.</summary>
    private static IEnumerable<CompletionItem> Names(ObjectKind kind, ClusterOptions options, CompletionContext context)
    {
        try
        {
            using KubeClient client = options.Connect(context.ParseResult);
            using var patience = new CancellationTokenSource(Patience);
            string ns = kind.IsNamespaced ? options.Namespace(context.ParseResult, client) : "";
            KubeList list = client.ListAsync(kind.Resource, ns, null, patience.Token).GetAwaiter().GetResult();
            return [.. list.Items.Select(i => new CompletionItem(i.Name))];
        }
        catch (Exception e) when (e is CommandFailedException or StatusException or HttpRequestException or IOException or TimeoutException or OperationCanceledException)
        {
            return [];
        }
    }
}
