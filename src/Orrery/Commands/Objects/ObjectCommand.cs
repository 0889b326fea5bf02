using System.CommandLine;

namespace Orrery.Commands.Objects;

/// <summary>The command of one kind, with the verbs that every kind has: create, get, describe, set, delete.</summary>
internal static class ObjectCommand
{
    /// <param name="fields">What <c>create</c> and <c>set</c> take besides the name.</param>
    /// <param name="verbs">What only this kind can do.</param>
    public static Command Create(ObjectKind kind, IReadOnlyList<ObjectField> fields, params IReadOnlyList<Command> verbs)
    {
        var command = new Command(kind.Command, $"Work with {kind.Kind} objects: {kind.About}.")
        {
            CreateVerb.Create(kind, fields),
            GetVerb.Create(kind),
            DescribeVerb.Create(kind),
            SetVerb.Create(kind, fields),
            DeleteVerb.Create(kind),
        };
        foreach (Command verb in verbs)
        {
            command.Add(verb);
        }

        foreach (string alias in kind.Aliases)
        {
            command.Aliases.Add(alias);
        }

        return command;
    }
}
