using Orrery.Api;

namespace Orrery.Server.Registry;

/// <summary>
/// What belongs to a new object and must be there when its creator hears of it, such as a namespace's default service
/// account. Upkeep repeats it for objects whose creation was cut short: it must be idempotent.
/// </summary>
internal interface IFollowUp
{
    bool Concerns(GroupResource resource);

    ValueTask FollowAsync(ClusterName cluster, string ns, string name, CancellationToken cancellationToken);
}
