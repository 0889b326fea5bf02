using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Orrery.Api;
using Orrery.Server.Clusters;

namespace Orrery.Server.Authentication;

/// <summary>
/// Tokens by which a new node introduces itself: <c>id.secret</c>, kept in Secrets of type <c>bootstrap.kubernetes.io/token</c> in root's <c>kube-system</c>, each good for as long as its
/// Secret says. Rules of upstream <c>plugin/pkg/auth/authenticator/token/bootstrap</c>.
/// </summary>
internal sealed partial class BootstrapTokens(IClusterObjects objects, TimeProvider time)
{
    public const string Namespace = "kube-system";

    private const string NamePrefix = "bootstrap-token-";
    private const string Type = "bootstrap.kubernetes.io/token";
    private const string UserPrefix = "system:bootstrap:";
    private const string Group = "system:bootstrappers";

    private static readonly GroupResource Secrets = new("", "secrets");

    /// <summary>Null when the token is none of these, or is not good any more.</summary>
    public UserInfo? Find(string token)
    {
        if (Form().Match(token) is not { Success: true } form)
        {
            return null;
        }

        string id = form.Groups[1].Value;
        return objects.Find(ClusterName.Root, Secrets, Namespace, NamePrefix + id) is { IsDeleting: false } secret
            && EndOf(secret) > time.GetUtcNow()
            && Data(secret, "token-secret") is { } known && CryptographicOperations.FixedTimeEquals(known, Encoding.ASCII.GetBytes(form.Groups[2].Value))
            && Text(secret, "token-id") == id
            && Text(secret, "usage-bootstrap-authentication") == "true"
            && Groups(Text(secret, "auth-extra-groups")) is { } groups
                ? new UserInfo { Name = UserPrefix + id, Groups = groups, Scope = ClusterScope.Root }
                : null;
    }

    /// <summary>Until when the token of such a Secret is good: for ever where it says nothing, no more where what it says cannot be read. Null for any other Secret.</summary>
    public static DateTimeOffset? EndOf(KubeObject secret) => secret.TextAt("type") != Type ? null
        : Text(secret, "expiration") is not { Length: > 0 } text ? DateTimeOffset.MaxValue
        : Rfc3339().IsMatch(text) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTimeOffset at) ? at
        : DateTimeOffset.MinValue;

    /// <summary>In order, each once; null where one is no group of this kind: such a token is good for nothing.</summary>
    private static string[]? Groups(string text)
    {
        string[] more = text.Length == 0 ? [] : text.Split(',');
        return more.All(group => GroupName().IsMatch(group)) ? [.. more.Append(Group).Distinct().Order(StringComparer.Ordinal)] : null;
    }

    private static string Text(KubeObject secret, string key) => Data(secret, key) is { } data ? Encoding.UTF8.GetString(data) : "";

    private static byte[]? Data(KubeObject secret, string key)
    {
        string encoded = secret.TextAt("data", key) ?? "";
        byte[] data = new byte[encoded.Length];
        return encoded.Length > 0 && Convert.TryFromBase64String(encoded, data, out int length) ? data[..length] : null;
    }

    [GeneratedRegex("""\A([a-z0-9]{6})\.([a-z0-9]{16})\z""")]
    private static partial Regex Form();

    [GeneratedRegex("""\Asystem:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]\z""")]
    private static partial Regex GroupName();

    [GeneratedRegex("""\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:\d\d)\z""", RegexOptions.ECMAScript)]
    private static partial Regex Rfc3339();
}
