using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;

namespace Orrery.Server.Authentication;

/// <summary>
/// Tokens that a Secret of type <c>kubernetes.io/service-account-token</c> holds: they have no end of their own, and are good as long as that Secret holds that very
/// token and its account is the one it was made for (upstream <c>pkg/serviceaccount/legacy.go</c>).
/// </summary>
internal static class LegacyToken
{
    public const string Issuer = "kubernetes/serviceaccount";
    public const string Type = "kubernetes.io/service-account-token";
    public const string UidAnnotation = "kubernetes.io/service-account.uid";

    private const string NameAnnotation = "kubernetes.io/service-account.name";
    private const string Claim = "kubernetes.io/serviceaccount/";
    public const string NamespaceClaim = Claim + "namespace";
    public const string SecretClaim = Claim + "secret.name";
    public const string NameClaim = Claim + "service-account.name";
    public const string UidClaim = Claim + "service-account.uid";

    private static readonly byte[] TypeBytes = Encoding.ASCII.GetBytes(Type);

    /// <summary>Reads no more than it has to: most Secrets are none.</summary>
    public static bool IsTokenSecret(CachedObject secret) => secret.Json.Span.IndexOf(TypeBytes) >= 0 && KubeObject.Parse(secret.Json.Span).TextAt("type") == Type;

    /// <summary>The account that a Secret names, with its uid where it says one; null where it names none.</summary>
    public static (string Name, string Uid)? AccountOf(KubeObject secret) =>
        secret.Annotations.GetValueOrDefault(NameAnnotation) is { Length: > 0 } name ? (name, secret.Annotations.GetValueOrDefault(UidAnnotation, "")) : null;

    /// <summary>Who a token of this kind is for; null where it is not good any more.</summary>
    /// <param name="claims">Of a token whose signature is right.</param>
    /// <param name="lives">Whether an account of the namespace, name and uid is there.</param>
    public static UserInfo? Read(JsonElement claims, string token, ClusterScope scope, IClusterObjects objects, Func<string, string, string, bool> lives, out string problem)
    {
        string ns = Text(claims, NamespaceClaim), secretName = Text(claims, SecretClaim), name = Text(claims, NameClaim), uid = Text(claims, UidClaim);
        problem = "incomplete claims";
        if (ns.Length == 0 || secretName.Length == 0 || name.Length == 0 || uid.Length == 0 || Text(claims, "sub") != ServiceAccountName.User(ns, name))
        {
            return null;
        }

        problem = "its secret is gone, or holds another";
        if (objects.Find(scope.Cluster, new GroupResource("", "secrets"), ns, secretName) is not { IsDeleting: false } secret
            || secret.TextAt("type") != Type || !Holds(secret.TextAt("data", "token"), token))
        {
            return null;
        }

        problem = "service account is gone";
        return lives(ns, name, uid) ? new UserInfo { Name = ServiceAccountName.User(ns, name), Uid = uid, Groups = ServiceAccountName.Groups(ns), Scope = scope } : null;
    }

    private static bool Holds(string? encoded, string token)
    {
        byte[] held = new byte[(encoded?.Length ?? 0) + 3];
        return Convert.TryFromBase64String(encoded ?? "", held, out int length) && CryptographicOperations.FixedTimeEquals(held.AsSpan(0, length), Encoding.UTF8.GetBytes(token));
    }

    private static string Text(JsonElement claims, string name) => JsonWebToken.Text(claims, name) ?? "";
}
