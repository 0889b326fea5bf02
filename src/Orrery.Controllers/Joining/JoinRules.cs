using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Joining;

/// <summary>Who gets a satellite's certificate. Pure. The certificate is good for exactly one data plane, whoever asks.</summary>
internal static class JoinRules
{
    private const string ClientUsage = "client auth";
    private static readonly string[] Usages = [ClientUsage, "digital signature"];

    /// <param name="dataPlane">The one that the request names; null when there is none of that name.</param>
    /// <param name="invitation">The requester's, as it is now; null when it is no (longer an) invitation.</param>
    /// <param name="longest">How long a certificate may hold.</param>
    public static JoinVerdict Judge(SigningRequest request, KubeObject? dataPlane, Invitation? invitation, TimeSpan longest, DateTimeOffset now) =>
        Content(request, longest)
        ?? Place(request, dataPlane)
        ?? Requester(request, dataPlane!, invitation, now);

    /// <summary>1. What is asked for: the name, the group and the use of a satellite, and nothing beside.</summary>
    private static JoinVerdict? Content(SigningRequest request, TimeSpan longest)
    {
        if (request.Satellite is not { Identity: not null })
        {
            return JoinVerdict.Refuse("WrongName", $"it asks for the name \"{request.User}\", and a satellite's is {JoinNames.UserPrefix}NAME:IDENTITY");
        }

        if (request.Groups is not [OrreryNames.SatelliteGroup])
        {
            return JoinVerdict.Refuse("WrongGroup", $"it asks for the groups [{string.Join(", ", request.Groups)}], and a satellite's is {OrreryNames.SatelliteGroup} alone");
        }

        if (request.HasExtras)
        {
            return JoinVerdict.Refuse("WrongName", "it asks for more than one name and its groups (other attributes, alternative names, extensions), and a satellite has no more");
        }

        if (!request.Usages.Contains(ClientUsage) || request.Usages.Except(Usages).Any())
        {
            return JoinVerdict.Refuse("WrongUsage", $"it asks for the usages [{string.Join(", ", request.Usages)}], and a satellite's are [{string.Join(", ", Usages)}]");
        }

        if (request.KeyProblem is { } problem)
        {
            return JoinVerdict.Refuse("InvalidRequest", problem);
        }

        return request.Lifetime is { } lifetime && lifetime <= longest
            ? null
            : JoinVerdict.Refuse("LifetimeTooLong", $"spec.expirationSeconds must be at most {longest.TotalSeconds:0}");
    }

    /// <summary>2. For whom: a data plane that is there, and the cluster that it has been so far.</summary>
    private static JoinVerdict? Place(SigningRequest request, KubeObject? dataPlane)
    {
        if (dataPlane is null || dataPlane.IsDeleting)
        {
            return JoinVerdict.Refuse("NoSuchDataPlane", dataPlane is null ? $"there is no data plane {request.DataPlane}" : $"data plane {request.DataPlane} is leaving the fleet");
        }

        if (!request.Satellite!.Value.IsOf(dataPlane))
        {
            return Former(request, dataPlane, $"it asks for the identity {request.Satellite.Value.Identity}");
        }

        return request.ClusterUid.Length > 0
            ? null
            : JoinVerdict.Refuse("NoCluster", $"it does not say which cluster it is in (annotation {JoinNames.ClusterUidAnnotation})");
    }

    private static JoinVerdict Former(SigningRequest request, KubeObject dataPlane, string why) => JoinVerdict.Refuse(
        "Revoked", $"{why}, and data plane {dataPlane.Name} is known as {SatelliteUserName.IdentityOf(dataPlane)} now; 'orrery data-plane token {request.DataPlane}' lets its satellite in again");

    /// <summary>3. By whom: an invited one, the satellite itself, or whoever has its former key.</summary>
    private static JoinVerdict Requester(SigningRequest request, KubeObject dataPlane, Invitation? invitation, DateTimeOffset now)
    {
        string name = dataPlane.Name;
        bool isOther = dataPlane.TextAt("status", "clusterUid") is { Length: > 0 } known && known != request.ClusterUid;
        var other = JoinVerdict.Refuse(
            "OtherCluster", $"it comes from the cluster {request.ClusterUid}, and data plane {name} is another; 'orrery data-plane token {name} --new-cluster' lets one take its place");

        // 1. By invitation.
        if (InvitationAccount.Parse(request.Requester) is { } account)
        {
            return account.DataPlane != name ? JoinVerdict.Refuse("WrongDataPlane", $"it was invited as data plane {account.DataPlane} and asks to be {name}")
                : invitation is null || invitation.Uid != request.RequesterUid ? JoinVerdict.Refuse("TokenUnknown", "its token is of no invitation, or of one that has ended")
                : invitation.UsedBy is { } used && used != request.Uid ? JoinVerdict.Refuse("TokenReused", "its token was used before")
                : invitation.Expires <= now ? JoinVerdict.Refuse(JoinNames.TokenExpired, $"its token ended at {Conditions.Time(invitation.Expires)}")
                : isOther && !invitation.AdmitsNewCluster ? other
                : new JoinVerdict(JoinDecision.Approve, "Invited", "its token is good");
        }

        // 2. By the certificate that it has, or had.
        bool isSatellite = request.RequesterGroups.Contains(OrreryNames.SatelliteGroup);
        bool wasSatellite = request.RequesterGroups.Contains(JoinNames.ExpiredGroup);
        if (!isSatellite && !wasSatellite)
        {
            return JoinVerdict.Refuse("NotInvited", $"{request.Requester} has neither a token to join nor the satellite's own certificate");
        }

        string prefix = isSatellite ? "" : JoinNames.ExpiredUserPrefix;
        if (!request.Requester.StartsWith(prefix, StringComparison.Ordinal)
            || SatelliteUserName.Parse(request.Requester[prefix.Length..]) is not { } requester || requester.DataPlane != name)
        {
            return JoinVerdict.Refuse("WrongDataPlane", $"{request.Requester} asks to be data plane {name}");
        }

        // Of a certificate that names no identity nobody knows which data plane of that name it was meant for: it is good where the same cluster joined before.
        return !requester.IsOf(dataPlane) ? Former(request, dataPlane, $"it is asked for by {request.Requester}")
            : requester.Identity is null && dataPlane.TextAt("status", "clusterUid") is not { Length: > 0 } ? Former(request, dataPlane, $"{request.Requester} never joined it")
            : isOther ? other
            : isSatellite ? new JoinVerdict(JoinDecision.Approve, "Renewed", "it has the certificate that this one takes the place of")
            : new JoinVerdict(
                JoinDecision.Wait, "ApprovalNeeded",
                $"its satellite's certificate {(dataPlane.At("status", "certificateStartTime")?.GetDateTimeOffset() is { } from && from > now ? $"begins at {Conditions.Time(from)} only, as it was issued while the control plane's clock was ahead" : "has expired")}, and it proves that it has the key; 'orrery data-plane approve {name}' lets it in again (request {request.Name})");
    }
}
