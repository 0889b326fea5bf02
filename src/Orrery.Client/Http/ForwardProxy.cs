using System.Net;

namespace Orrery.Client;

/// <summary>
/// An HTTP proxy through which a server is reached: HTTPS and WebSockets by CONNECT (RFC 9110, section 9.3.6), with basic authentication where its address holds a user.
/// </summary>
public sealed class ForwardProxy : IWebProxy
{
    private readonly Uri address;
    private readonly IReadOnlyList<string> direct;

    private ForwardProxy(Uri address, IReadOnlyList<string> direct)
    {
        this.address = new UriBuilder(address) { UserName = "", Password = "" }.Uri;
        Url = direct.Count == 0 ? address.AbsoluteUri.TrimEnd('/') : null;
        this.direct = direct;
        string[] user = address.UserInfo.Split(':', 2);
        Credentials = address.UserInfo.Length == 0 ? null : new NetworkCredential(Uri.UnescapeDataString(user[0]), user.Length > 1 ? Uri.UnescapeDataString(user[1]) : "");
    }

    public ICredentials? Credentials { get; set; }

    /// <summary>As a kubeconfig's <c>proxy-url</c> names it, with its credential. Null for one that the environment names, which others read themselves.</summary>
    public string? Url { get; }

    /// <summary>For every server.</summary>
    /// <param name="text">Such as <c>http://user:password@proxy:3128</c>.</param>
    /// <exception cref="FormatException">It is no address of an HTTP proxy.</exception>
    public static ForwardProxy Parse(string text) => new(AddressOf(text), []);

    /// <summary>
    /// As <c>HTTPS_PROXY</c> and <c>NO_PROXY</c> say, also in lower case. <c>NO_PROXY</c> lists, with commas, what is reached directly: <c>*</c>, names (which hold for those below them
    /// too), addresses and networks in CIDR form, each with a port where one is meant. This machine itself always is.
    /// </summary>
    /// <param name="variable">Value of an environment variable.</param>
    /// <returns>Null when no proxy is named.</returns>
    /// <exception cref="FormatException">What is named is no address of an HTTP proxy.</exception>
    public static ForwardProxy? FromEnvironment(Func<string, string?> variable)
    {
        string? Value(string name) => variable(name) is { Length: > 0 } upper ? upper : variable(name.ToLowerInvariant());
        return Value("HTTPS_PROXY") is { Length: > 0 } proxy
            ? new ForwardProxy(AddressOf(proxy), ["localhost", "127.0.0.0/8", "::1", .. (Value("NO_PROXY") ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)])
            : null;
    }

    public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : address;

    public bool IsBypassed(Uri host) => direct.Any(rule => Holds(rule, host));

    /// <summary>Without its credential.</summary>
    public override string ToString() => address.GetLeftPart(UriPartial.Authority);

    private static Uri AddressOf(string text) =>
        Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : "http://" + text, UriKind.Absolute, out Uri? address)
        && address.Scheme is "http" or "https" && address.Host.Length > 0 && address.PathAndQuery == "/"
            ? address
            : throw new FormatException("want http://[USER:PASSWORD@]HOST:PORT for a proxy");

    private static bool Holds(string rule, Uri host)
    {
        if (rule == "*")
        {
            return true;
        }

        bool isAddress = IPAddress.TryParse(host.DnsSafeHost, out IPAddress? address);
        if (IPNetwork.TryParse(rule, out IPNetwork network))
        {
            return isAddress && network.Contains(address!);
        }

        int colon = rule.LastIndexOf(':');
        if (colon > 0 && rule.IndexOf(':', StringComparison.Ordinal) == colon && int.TryParse(rule.AsSpan(colon + 1), out int port))
        {
            if (port != host.Port)
            {
                return false;
            }

            rule = rule[..colon];
        }

        string name = rule.TrimStart('.');
        return isAddress
            ? IPAddress.TryParse(rule.Trim('[', ']'), out IPAddress? one) && one.Equals(address)
            : host.Host.Equals(name, StringComparison.OrdinalIgnoreCase) || host.Host.EndsWith("." + name, StringComparison.OrdinalIgnoreCase);
    }
}
