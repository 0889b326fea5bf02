using System.Globalization;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.Joining;

/// <summary>
/// Leave to join once: a service account whose token the operator handed out. The token itself is kept nowhere; it ends with the account.
/// </summary>
/// <param name="Expires">When the token ends; an account that does not say has ended.</param>
/// <param name="UsedBy">Uid of the signing request that it was used for; null while it is unused.</param>
/// <param name="AdmitsNewCluster">Whether another cluster than before may take the name over.</param>
internal sealed record Invitation(string Uid, DateTimeOffset Expires, string? UsedBy, bool AdmitsNewCluster)
{
    /// <returns>Null for a service account that is no invitation.</returns>
    public static Invitation? Of(KubeObject account) =>
        account.Labels.ContainsKey(JoinNames.InvitationLabel)
            ? new Invitation(
                account.Uid,
                DateTimeOffset.TryParse(account.Annotations.GetValueOrDefault(JoinNames.ExpiresAnnotation), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset expires)
                    ? expires : DateTimeOffset.MinValue,
                account.Annotations.GetValueOrDefault(JoinNames.UsedByAnnotation),
                account.Annotations.GetValueOrDefault(JoinNames.NewClusterAnnotation) == "true")
            : null;
}
