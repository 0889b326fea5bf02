using Microsoft.Extensions.Logging;

namespace Orrery.Satellite;

internal static partial class Log
{
    [LoggerMessage(4001, LogLevel.Information, "Satellite of data plane {DataPlane} started: control plane {ControlPlane}, cluster {Cluster}")]
    public static partial void Started(ILogger logger, string dataPlane, Uri controlPlane, Uri cluster);

    [LoggerMessage(4002, LogLevel.Debug, "Work {Work}: applied {Kind} {Namespace}/{Name}")]
    public static partial void Applied(ILogger logger, string work, string kind, string @namespace, string name);

    [LoggerMessage(4003, LogLevel.Information, "Work {Work}: pruned {Kind} {Namespace}/{Name}")]
    public static partial void Pruned(ILogger logger, string work, string kind, string @namespace, string name);

    [LoggerMessage(4004, LogLevel.Warning, "Work {Work}: the cluster refused it with {Reason}: {Message}")]
    public static partial void Refused(ILogger logger, string work, string reason, string message);

    [LoggerMessage(4005, LogLevel.Information, "Removed the empty namespace {Namespace}")]
    public static partial void NamespaceRemoved(ILogger logger, string @namespace);

    [LoggerMessage(4006, LogLevel.Information, "Namespace {Namespace} is kept: somebody else put {Foreign} into it")]
    public static partial void NamespaceKept(ILogger logger, string @namespace, string foreign);

    [LoggerMessage(4014, LogLevel.Information, "Purged the namespace {Namespace}, which stood for {Owner}, deleted since")]
    public static partial void NamespacePurged(ILogger logger, string @namespace, string owner);

    [LoggerMessage(4015, LogLevel.Information, "Work {Work}: removed {Kind} {Namespace}/{Name} and left what it made")]
    public static partial void Orphaned(ILogger logger, string work, string kind, string @namespace, string name);

    [LoggerMessage(4016, LogLevel.Information, "The tunnel to {ControlPlane} is open")]
    public static partial void TunnelOpen(ILogger logger, Uri controlPlane);

    [LoggerMessage(4017, LogLevel.Information, "The tunnel is closed, dialling again: {Reason}")]
    public static partial void TunnelClosed(ILogger logger, string reason);

    [LoggerMessage(4018, LogLevel.Information, "Through the tunnel: {Method} {Path} for {User}: {Outcome}")]
    public static partial void TunnelRequest(ILogger logger, string method, string path, string user, int outcome);

    [LoggerMessage(4019, LogLevel.Warning, "Through the tunnel: {Path} failed: {Fault}")]
    public static partial void TunnelRequestFailed(ILogger logger, string path, string fault);

    [LoggerMessage(4020, LogLevel.Warning, "The control plane lets this satellite in no more: {Reason}. It holds to what was wanted last, and reports nothing until it is let in")]
    public static partial void ShutOut(ILogger logger, string reason);

    [LoggerMessage(4022, LogLevel.Warning, "This satellite stands by, and neither applies nor reports anything until it is let in: {Reason}")]
    public static partial void StandsBy(ILogger logger, string reason);

    [LoggerMessage(4021, LogLevel.Information, "The control plane lets this satellite in again")]
    public static partial void LetInAgain(ILogger logger);

    [LoggerMessage(4007, LogLevel.Warning, "Trying again in {Milliseconds} ms: {Fault}")]
    public static partial void TryingAgain(ILogger logger, double milliseconds, string fault);

    [LoggerMessage(4009, LogLevel.Warning, "The cluster does not answer: {Fault}")]
    public static partial void ClusterAway(ILogger logger, string fault);

    [LoggerMessage(4010, LogLevel.Information, "The cluster answers")]
    public static partial void ClusterBack(ILogger logger);

    [LoggerMessage(4012, LogLevel.Information, "Deleted {Kind} {Namespace}/{Name}: its tenant deleted what stands for it")]
    public static partial void DeletedOnRequest(ILogger logger, string kind, string @namespace, string name);

    [LoggerMessage(4011, LogLevel.Information, "Waiting to be let in by the control plane: {Fault}")]
    public static partial void WaitingToJoin(ILogger logger, string fault);

    [LoggerMessage(4013, LogLevel.Information, "{Server} takes no tunnels and is told by a Lease that this satellite lives")]
    public static partial void LeaseHeld(ILogger logger, Uri server);

    [LoggerMessage(4030, LogLevel.Information, "Data plane {DataPlane}: not joined yet: {Reason}")]
    public static partial void JoinWaits(ILogger logger, string dataPlane, string reason);

    [LoggerMessage(4035, LogLevel.Information, "Data plane {DataPlane}: whether the control plane takes its certificate is not known: {Reason}")]
    public static partial void CertificateUnheard(ILogger logger, string dataPlane, string reason);

    [LoggerMessage(4031, LogLevel.Warning, "Data plane {DataPlane}: certificate request {Request} was refused: {Reason}")]
    public static partial void JoinRefused(ILogger logger, string dataPlane, string request, string reason);

    [LoggerMessage(4032, LogLevel.Information, "Data plane {DataPlane}: has a certificate until {Expires}")]
    public static partial void CertificateIssued(ILogger logger, string dataPlane, string expires);

    [LoggerMessage(4059, LogLevel.Warning, "Data plane {DataPlane}: the clock of this machine says {Now} and is {Direction} of the control plane's by about {Difference}; the certificate is replaced in time nevertheless")]
    public static partial void ClockDiffers(ILogger logger, string dataPlane, string now, string direction, TimeSpan difference);

    [LoggerMessage(4033, LogLevel.Warning, "Data plane {DataPlane}: the identity found was issued to data plane {Other} in cluster {Cluster}, and is not used here")]
    public static partial void IdentityOfAnother(ILogger logger, string dataPlane, string other, string cluster);

    [LoggerMessage(4034, LogLevel.Information, "Data plane {DataPlane}: the control plane has {Count} authorities now")]
    public static partial void AuthoritiesChanged(ILogger logger, string dataPlane, int count);

    [LoggerMessage(4036, LogLevel.Warning, "Data plane {DataPlane}: the Secret with its key and certificate was taken away by somebody; it is there again")]
    public static partial void IdentityRestored(ILogger logger, string dataPlane);

    [LoggerMessage(4037, LogLevel.Information, "Data plane {DataPlane}: whether the Secret with its key is still there is not known: {Reason}")]
    public static partial void IdentityUnkept(ILogger logger, string dataPlane, string reason);

    [LoggerMessage(4038, LogLevel.Warning, "Data plane {DataPlane}: {Reason}")]
    public static partial void IdentityTaken(ILogger logger, string dataPlane, string reason);

    [LoggerMessage(4040, LogLevel.Warning, "What holds tenant {Tenant} apart is refused by the cluster ({Reason}): {Message}")]
    public static partial void GuardRefused(ILogger logger, string tenant, string reason, string message);

    [LoggerMessage(4041, LogLevel.Information, "Node {Node} is taken for tenant {Tenant}, pool {Pool}")]
    public static partial void MachineTaken(ILogger logger, string node, string tenant, string pool);

    [LoggerMessage(4042, LogLevel.Information, "Node {Node} is no longer tenant {Tenant}'s")]
    public static partial void MachineReleased(ILogger logger, string node, string tenant);

    [LoggerMessage(4043, LogLevel.Information, "Pod {Namespace}/{Pod} is evicted from a machine that is to go")]
    public static partial void PodEvicted(ILogger logger, string @namespace, string pod);

    [LoggerMessage(4044, LogLevel.Information, "{Kind} {Namespace}/{Name} is to stay, as helm.sh/resource-policy says, and its namespace with it")]
    public static partial void KeptByPolicy(ILogger logger, string kind, string @namespace, string name);

    [LoggerMessage(4053, LogLevel.Information, "{What} of pod {Namespace}/{Name} changed, as its tenant did")]
    public static partial void PodChanged(ILogger logger, string what, string @namespace, string name);

    [LoggerMessage(4050, LogLevel.Warning, "The policy of the cluster's owner: {Summary}")]
    public static partial void PolicyChanged(ILogger logger, string summary);

    [LoggerMessage(4051, LogLevel.Warning, "The record for the cluster's owner is not written, trying again: {Fault}")]
    public static partial void RecordNotWritten(ILogger logger, string fault);

    [LoggerMessage(4052, LogLevel.Warning, "The record for the cluster's owner is not whole: {Fault}")]
    public static partial void RecordBroken(ILogger logger, string fault);

    [LoggerMessage(4058, LogLevel.Warning, "Whether anything of ours is among them cannot be said now, as what serves them is down: {Kinds}")]
    public static partial void KindsUnknown(ILogger logger, string kinds);

    [LoggerMessage(4073, LogLevel.Information, "{Resource} is not served any more; its objects are followed in version {Version}")]
    public static partial void FollowedElsewhere(ILogger logger, string resource, string version);

    [LoggerMessage(4054, LogLevel.Warning, "What is left of Work {Work} cannot be removed: {Refusal}")]
    public static partial void RemovalRefused(ILogger logger, string work, string refusal);

    [LoggerMessage(4055, LogLevel.Warning, "The cluster was at revision {Seen} and is at {Now}: its state was put back to an earlier one, and is looked at anew")]
    public static partial void ClusterPutBack(ILogger logger, long seen, long now);

    [LoggerMessage(4056, LogLevel.Warning, "The cluster is another than before: its namespace kube-system had the uid {Former} and has {Present}; all of it is looked at anew")]
    public static partial void ClusterIsAnother(ILogger logger, string former, string present);

    [LoggerMessage(4057, LogLevel.Information, "The cluster was of version {Former} and is of {Present}: what it refused is tried again")]
    public static partial void ClusterUpgraded(ILogger logger, string former, string present);

    [LoggerMessage(4070, LogLevel.Information, "{Object} is as the vendor says")]
    public static partial void Fetched(ILogger logger, string @object);

    [LoggerMessage(4071, LogLevel.Information, "{Object} is removed: the vendor does not lay it out any more")]
    public static partial void FetchedRemoved(ILogger logger, string @object);

    [LoggerMessage(4072, LogLevel.Information, "Waiting for the cluster to take the tenant and its data plane: {Fault}")]
    public static partial void OwnPlaneWaits(ILogger logger, string fault);

    [LoggerMessage(4060, LogLevel.Warning, "The control plane is away: {Count} Works are held to as it wanted them last")]
    public static partial void WorksOffline(ILogger logger, int count);

    [LoggerMessage(4061, LogLevel.Warning, "The copy of what is wanted is not written, trying again: {Fault}")]
    public static partial void CopyNotWritten(ILogger logger, string fault);

    [LoggerMessage(4062, LogLevel.Warning, "The copy of what is wanted cannot be read: {Fault}")]
    public static partial void CopyNotRead(ILogger logger, string fault);

    [LoggerMessage(4074, LogLevel.Warning, "Data plane {DataPlane}: what its Secret holds is no certificate with its key; it joins anew")]
    public static partial void IdentityUnreadable(ILogger logger, string dataPlane);
}
