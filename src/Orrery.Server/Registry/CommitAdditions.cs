using Orrery.Storage;

namespace Orrery.Server.Registry;

/// <summary>What has to hold, and is written, in the same transaction as an object: the quotas that it uses up, the guards of addresses that it takes.</summary>
internal readonly record struct CommitAdditions(IReadOnlyList<Condition>? Conditions, IReadOnlyList<Write>? Writes)
{
    public CommitAdditions And(CommitAdditions other) => other.Conditions is null ? this : Conditions is null ? other
        : new CommitAdditions([.. Conditions, .. other.Conditions], [.. Writes ?? [], .. other.Writes ?? []]);

    /// <summary>Whether one of these conditions, and not that of the object itself, was the one that did not hold.</summary>
    public bool Failed(CommitResult result) => !result.Succeeded && result.FailedCondition is { } failed && Conditions?.Contains(failed) == true;
}
