using System.CommandLine;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Commands.Objects;

/// <summary>Says of something that is not there which one may be meant.</summary>
internal static class Missing
{
    /// <summary>Names that a message tells.</summary>
    private const int MostNamed = 10;

    /// <exception cref="CommandFailedException">The object is not there; with what is there in its place.</exception>
    public static async Task<T> ExplainAsync<T>(KubeClient client, ObjectKind kind, string ns, string name, Func<Task<T>> act, CancellationToken cancellationToken)
    {
        try
        {
            return await act().ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            throw new CommandFailedException($"{Faults.Sentence(e)}{await HintAsync(client, kind, ns, name, cancellationToken).ConfigureAwait(false)}", e);
        }
    }

    /// <summary>Warns of each name that the options say and that nobody has: it may be made later, and is more often misspelt.</summary>
    public static async Task WarnAsync(KubeClient client, IEnumerable<ObjectField> fields, ParseResult parsed, CancellationToken cancellationToken)
    {
        foreach (ObjectField field in fields.Where(f => f.Names is not null && parsed.GetResult(f.Option) is { Implicit: false }))
        {
            HashSet<string>? known = null;
            foreach (string said in parsed.GetResult(field.Option)!.Tokens.SelectMany(t => t.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)))
            {
                known ??= await NamesAsync(client, field.Names!, "", cancellationToken).ConfigureAwait(false) is { } all ? [.. all.Select(a => a.Name)] : [said];
                if (!known.Contains(said))
                {
                    string? near = NearestName.Of(said, known);
                    await Console.Error.WriteLineAsync($"Warning: {field.Option.Name}: there is no {field.Names!.Kind} {said}{(near is null ? "" : $"; did you mean {near}?")}").ConfigureAwait(false);
                }
            }
        }
    }

    private static async Task<string> HintAsync(KubeClient client, ObjectKind kind, string ns, string name, CancellationToken cancellationToken)
    {
        if (await NamesAsync(client, kind, "", cancellationToken).ConfigureAwait(false) is not { } all)
        {
            return "";
        }

        string[] elsewhere = [.. all.Where(a => a.Name == name && a.Namespace != ns).Select(a => a.Namespace)];
        string? near = NearestName.Of(name, all.Where(a => a.Namespace == ns).Select(a => a.Name));
        return kind.IsNamespaced && elsewhere.Length is > 0 and <= MostNamed ? $"; there is one in namespace {string.Join(", ", elsewhere)}: say -n"
            : near is not null ? $"; did you mean {near}?"
            : "";
    }

    /// <returns>Null for who may not list them.</returns>
    private static async Task<IReadOnlyList<KubeObject>?> NamesAsync(KubeClient client, ObjectKind kind, string ns, CancellationToken cancellationToken)
    {
        try
        {
            return (await client.ListAsync(kind.Resource, ns, null, cancellationToken).ConfigureAwait(false)).Items;
        }
        catch (StatusException e) when (e.Code is 403 or 404)
        {
            return null;
        }
    }
}
