using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Machinery.Certificates;

namespace Orrery.Controllers.Joining;

/// <summary>A request for a satellite's certificate, as far as it matters whether it is granted.</summary>
/// <param name="Requester">Who sent it, as the API server saw it.</param>
/// <param name="RequesterUid">Uid of a requesting service account; empty for others.</param>
/// <param name="ClusterUid">Which cluster the satellite says it is in; empty when it does not say.</param>
/// <param name="User">Common name that is asked for; empty when the request cannot be read.</param>
/// <param name="HasExtras">Whether it asks for other names, or for anything beside a name and groups.</param>
/// <param name="KeyProblem">Why the key is not good enough; null when it is.</param>
internal sealed record SigningRequest(
    string Name,
    string Uid,
    string Requester,
    IReadOnlyList<string> RequesterGroups,
    string RequesterUid,
    string ClusterUid,
    string User,
    IReadOnlyList<string> Groups,
    bool HasExtras,
    string? KeyProblem,
    IReadOnlyList<string> Usages,
    TimeSpan? Lifetime)
{
    /// <summary>The satellite that it is about; null when it names none.</summary>
    public SatelliteUserName? Satellite => SatelliteUserName.Parse(User);

    /// <summary>The data plane that it is about; null when it names none.</summary>
    public string? DataPlane => Satellite?.DataPlane;

    /// <returns>Null when it is no business of ours: neither its sender nor its content has to do with a satellite.</returns>
    public static SigningRequest? Of(KubeObject json)
    {
        if (json.TextAt("spec", "signerName") != JoinNames.Signer)
        {
            return null;
        }

        CertificateRequest? content = SigningRequestContent.Read(json.TextAt("spec", "request"));
        CertificateSubject? subject = content is null ? null : CertificateSubject.Read(content.SubjectName, out _);
        var request = new SigningRequest(
            json.Name,
            json.Uid,
            json.TextAt("spec", "username") ?? "",
            Texts(json, "groups"),
            json.TextAt("spec", "uid") ?? "",
            json.Annotations.GetValueOrDefault(JoinNames.ClusterUidAnnotation) ?? "",
            subject?.Name ?? "",
            subject?.Groups ?? [],
            content is { CertificateExtensions.Count: > 0 } || subject is { HasMore: true },
            content is null ? "the request cannot be read" : ProblemOf(content),
            Texts(json, "usages"),
            json.NumberAt("spec", "expirationSeconds") is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
        return request.ConcernsSatellites ? request : null;
    }

    private bool ConcernsSatellites =>
        User.StartsWith(JoinNames.UserPrefix, StringComparison.Ordinal)
        || Groups.Contains(OrreryNames.SatelliteGroup)
        || RequesterGroups.Contains(OrreryNames.SatelliteGroup)
        || RequesterGroups.Contains(JoinNames.ExpiredGroup)
        || InvitationAccount.Parse(Requester) is not null;

    private static string? ProblemOf(CertificateRequest request)
    {
        using ECDsa? curve = request.PublicKey.GetECDsaPublicKey();
        using RSA? rsa = request.PublicKey.GetRSAPublicKey();
        return curve is { KeySize: >= 256 } || rsa is { KeySize: >= 2048 } ? null : "its key is too weak or of an unknown kind: want ECDSA of at least 256 bits, or RSA of at least 2048";
    }

    private static string[] Texts(KubeObject json, string member) =>
        json.At("spec", member) is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray().Select(i => i.GetString() ?? "")] : [];
}
