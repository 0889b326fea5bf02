namespace Orrery.Server.Handlers;

/// <summary>
/// The name in the path of a proxy: <c>NAME</c>, <c>NAME:PORT</c> or <c>SCHEME:NAME:PORT</c> (apimachinery <c>pkg/util/net/port_split.go</c>,
/// SplitSchemeNamePort).
/// </summary>
/// <param name="Scheme">Empty, <c>http</c> or <c>https</c>.</param>
/// <param name="Port">A number or a name; empty for the first that there is.</param>
public sealed record ProxyName(string Scheme, string Name, string Port)
{
    /// <returns>Null for what is none of these.</returns>
    public static ProxyName? Parse(string text) => text.Split(':') switch
    {
        [{ Length: > 0 } name] => new ProxyName("", name, ""),
        [{ Length: > 0 } name, var port] => new ProxyName("", name, port),
        ["http" or "https" or "", { Length: > 0 } name, var port] parts => new ProxyName(parts[0], name, port),
        _ => null,
    };

    public override string ToString() => Scheme.Length > 0 ? $"{Scheme}:{Name}:{Port}" : Port.Length > 0 ? $"{Name}:{Port}" : Name;
}
