namespace Orrery.Server.Authentication;

/// <summary>Service accounts as users (apiserver <c>pkg/authentication/serviceaccount/util.go</c>).</summary>
internal static class ServiceAccountName
{
    private const string Prefix = "system:serviceaccount:";

    public static string User(string ns, string name) => $"{Prefix}{ns}:{name}";

    public static string[] Groups(string ns) => [UserGroups.ServiceAccounts, $"{UserGroups.ServiceAccounts}:{ns}"];

    /// <summary>Null when the user name is no service account's.</summary>
    public static (string Namespace, string Name)? Split(string user)
    {
        string[] parts = user.StartsWith(Prefix, StringComparison.Ordinal) ? user[Prefix.Length..].Split(':') : [];
        return parts.Length == 2 && parts.All(p => p.Length > 0) ? (parts[0], parts[1]) : null;
    }
}
