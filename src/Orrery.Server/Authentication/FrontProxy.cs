using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Orrery.Machinery.Certificates;

namespace Orrery.Server.Authentication;

/// <summary>
/// Takes the user that a trusted proxy names in headers. Who the proxy is its client certificate says, and nothing else. Rules of apiserver
/// <c>pkg/authentication/request/headerrequest</c>.
/// </summary>
internal sealed class FrontProxy(FrontProxyOptions options, TimeProvider time, ILogger<FrontProxy> log)
{
    /// <summary>Kestrel keeps one instance a connection, so a chain is built once a connection and forgotten with it.</summary>
    private readonly ConditionalWeakTable<X509Certificate2, Verified> seen = [];

    /// <summary>The user on root whom the headers name; null where the connection is not the proxy's, or the headers name nobody.</summary>
    public UserInfo? Authenticate(X509Certificate2 certificate, IHeaderDictionary headers)
    {
        Verified verified = seen.GetValue(certificate, Verify);
        DateTimeOffset now = time.GetUtcNow();
        if (!verified.IsProxy || now < verified.From || now > verified.To || First(headers, options.UsernameHeaders) is not { } name)
        {
            return null;
        }

        string[] groups = [.. options.GroupHeaders.SelectMany(header => headers[header]).OfType<string>().Where(group => group.Length > 0)];
        bool isComplete = name == UserGroups.Anonymous || groups.Any(g => g is UserGroups.Authenticated or UserGroups.Unauthenticated);
        return new UserInfo
        {
            Name = name,
            Uid = First(headers, options.UidHeaders) ?? "",
            Groups = isComplete ? groups : [.. groups, UserGroups.Authenticated],
            Extra = ExtraHeaders.Read(headers, options.ExtraPrefixes),
            Scope = ClusterScope.Root,
        };
    }

    /// <summary>Takes away what could name a user, whoever has sent it: nothing behind this may take it for true, or pass it on.</summary>
    public void Clear(IHeaderDictionary headers)
    {
        foreach (string header in options.UsernameHeaders.Concat(options.UidHeaders).Concat(options.GroupHeaders))
        {
            headers.Remove(header);
        }

        string[] extra = [.. headers.Keys.Where(name => options.ExtraPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))];
        foreach (string header in extra)
        {
            headers.Remove(header);
        }
    }

    private static string? First(IHeaderDictionary headers, IReadOnlyList<string> names)
    {
        foreach (string name in names)
        {
            // Of several lines of one name the first counts, be it empty.
            if (headers[name] is [{ Length: > 0 } value, ..])
            {
                return value;
            }
        }

        return null;
    }

    private Verified Verify(X509Certificate2 presented)
    {
        // A copy of its own, as the first requests of a connection come here at once.
        using var certificate = new X509Certificate2(presented);
        ClientChain chain = ClientChain.Verify(certificate, presented, options.Authorities, time.GetUtcNow(), admitsUntimely: false);
        bool isAllowed = options.AllowedNames.Count == 0 || (CertificateSubject.Read(certificate.SubjectName, out _) is { } subject && options.AllowedNames.Contains(subject.Name, StringComparer.Ordinal));
        if (chain.IsTrusted && !isAllowed)
        {
            log.CertificateRefused(certificate.Subject, "not one of the names that a proxy may have");
        }

        return new Verified(chain.IsTrusted && isAllowed, chain.From, chain.To);
    }

    private sealed record Verified(bool IsProxy, DateTimeOffset From, DateTimeOffset To);
}
