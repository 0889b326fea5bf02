using Orrery.Server.Handlers;

namespace Orrery.Hub;

/// <summary>Something to ask of one data plane's satellite.</summary>
/// <param name="Path">Within the tunnel, with the query; begins with a slash.</param>
/// <param name="Subject">What is asked for, as a refusal names it, such as <c>pod "web-1" runs in</c>.</param>
/// <param name="User">Who asks, for the satellite's own record.</param>
internal sealed record TunnelRequest(string DataPlane, string Path, string Subject, string User)
{
    /// <summary>Path at which a satellite itself says that it lives.</summary>
    public const string Ready = "/readyz";

    /// <summary>Passes the client's method, headers and body on, and all headers of the answer; otherwise it is a plain GET, or a stream.</summary>
    public bool IsProxy { get; init; }

    /// <summary>The stream both ways that the client asks for; null for an answer alone.</summary>
    public PassedStream? Stream { get; init; }

    /// <summary>
    /// The answer may begin whenever it likes: a followed log with its first line (a kubelet says nothing before), what listens in a pod when it has done its work. Whether the satellite
    /// lives is known without it.
    /// </summary>
    public bool IsPatient { get; init; }

    /// <summary>Whose share of the tunnel it takes (<see cref="TunnelShares"/>); empty for operators and for other servers, where it was counted.</summary>
    public string Tenant { get; init; } = "";

    public static TunnelRequest Of(SubresourceTarget target, string dataPlane, string path, string subject) => new(dataPlane, path, subject, target.User.Name) { Tenant = target.Cluster.Namespace };
}
