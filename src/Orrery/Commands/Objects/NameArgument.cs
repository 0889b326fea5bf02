using System.CommandLine;
using System.CommandLine.Parsing;

namespace Orrery.Commands.Objects;

/// <summary>Names of objects on the command line; a shell completes them from the cluster.</summary>
internal static class NameArgument
{
    public static Argument<string> One(ObjectKind kind) => Completed(new Argument<string>("NAME") { HelpName = "NAME", Description = $"Name of the {kind.Kind}." }, kind);

    public static Argument<string[]> Many(ObjectKind kind) => Many(kind, ArgumentArity.ZeroOrMore);

    public static Argument<string[]> AtLeastOne(ObjectKind kind) => Many(kind, ArgumentArity.OneOrMore);

    /// <summary>Of something that is not there yet, so that there is nothing to complete.</summary>
    public static Argument<string?> New(ObjectKind kind, ArgumentArity arity) => Strict(new Argument<string?>("NAME") { HelpName = "NAME", Description = $"Name of the {kind.Kind}.", Arity = arity });

    private static Argument<string[]> Many(ObjectKind kind, ArgumentArity arity) =>
        Completed(new Argument<string[]>("NAME") { HelpName = "NAME", Description = $"Names of {kind.Kind} objects.", Arity = arity }, kind);

    private static T Completed<T>(T argument, ObjectKind kind)
        where T : Argument
    {
        argument.CompletionSources.Add(context => Completions.Names(kind, context));
        return Strict(argument);
    }

    /// <summary>What looks like an option is one that does not exist, and no name: no name begins so.</summary>
    private static T Strict<T>(T argument)
        where T : Argument
    {
        argument.Validators.Add(result =>
        {
            foreach (string odd in result.Tokens.Select(t => t.Value).Where(v => v.StartsWith('-') && v != "-"))
            {
                string name = odd.Split('=')[0];
                string? near = result.Parent is CommandResult { Command.Options: var options } ? NearestName.Of(name, options.SelectMany(o => o.Aliases.Append(o.Name))) : null;
                result.AddError($"there is no option {name}{(near is null ? "" : $"; did you mean {near}?")}");
            }
        });
        return argument;
    }
}
