using Orrery.Api;
using Orrery.Machinery.Patches;

namespace Orrery.Machinery.Apply;

/// <summary>Fields that an applier wants to set and others own, by owner.</summary>
internal sealed class ApplyConflicts
{
    private readonly SortedDictionary<ManagerIdentity, FieldSet> byOwner = [];

    public bool IsEmpty => byOwner.Count == 0;

    /// <summary>All fields in conflict, whoever owns them.</summary>
    public FieldSet Fields => byOwner.Values.Aggregate(FieldSet.Empty, static (a, b) => a.Union(b));

    public void Add(ManagerIdentity owner, FieldSet fields) => byOwner.Add(owner, fields);

    /// <summary>What is left when the fields of <paramref name="allowed"/> are no matter of dispute.</summary>
    public ApplyConflicts Without(FieldSet allowed)
    {
        var left = new ApplyConflicts();
        foreach ((ManagerIdentity owner, FieldSet fields) in byOwner)
        {
            FieldSet disputed = fields.Difference(allowed);
            if (!disputed.IsEmpty)
            {
                left.Add(owner, disputed);
            }
        }

        return left;
    }

    public StatusException ToException()
    {
        var causes = new List<StatusCause>();
        var lines = new List<string>();
        foreach ((ManagerIdentity owner, FieldSet fields) in byOwner)
        {
            string name = Describe(owner);
            lines.Add($"conflicts with {name}:");
            fields.ForEachPath("", path =>
            {
                causes.Add(new StatusCause("FieldManagerConflict", $"conflict with {name}", path));
                lines.Add($"- {path}");
            });
        }

        string message = causes.Count == 1
            ? $"Apply failed with 1 conflict: {causes[0].Message}: {causes[0].Field}"
            : $"Apply failed with {causes.Count} conflicts: {string.Join('\n', lines)}";
        return ApiErrors.ApplyConflict(message, causes);
    }

    private static string Describe(ManagerIdentity owner)
    {
        string name = GoText.Quote(owner.Manager);
        if (owner.Subresource.Length > 0)
        {
            name += $" with subresource {GoText.Quote(owner.Subresource)}";
        }

        return owner.IsApply ? name : $"{name} using {owner.ApiVersion}";
    }
}
