using System.Security.Cryptography.X509Certificates;

namespace Orrery.Server.Authentication;

/// <summary>A proxy in front of the server that knows its users itself, and names them in headers: kube-apiserver's <c>--requestheader-…</c>.</summary>
public sealed record FrontProxyOptions
{
    /// <summary>Who has issued the proxy's client certificate; at least one. Nobody else's headers are looked at.</summary>
    public required X509Certificate2Collection Authorities { get; init; }

    /// <summary>Common names that the certificate may have; empty: any.</summary>
    public IReadOnlyList<string> AllowedNames { get; init; } = [];

    /// <summary>Where the user's name stands, in this order; empty: nobody is named. As with all headers, the case of the letters does not matter.</summary>
    public IReadOnlyList<string> UsernameHeaders { get; init; } = [];

    /// <summary>Where the user's uid stands, in this order.</summary>
    public IReadOnlyList<string> UidHeaders { get; init; } = [];

    /// <summary>Each value of each of these is a group.</summary>
    public IReadOnlyList<string> GroupHeaders { get; init; } = [];

    /// <summary>What the headers of the user's extra fields begin with; the rest of such a name, in small letters and percent-decoded, is the field.</summary>
    public IReadOnlyList<string> ExtraPrefixes { get; init; } = [];
}
