namespace Orrery.Api.Kinds;

/// <summary>
/// Who a satellite is to the control plane: the data plane that it is of, and which one of that name. A data plane that is deleted and made again is
/// another one, and one whose satellite was revoked has another identity; certificates in a former name are good for nothing.
/// </summary>
/// <param name="DataPlane">Its name.</param>
/// <param name="Identity">Null in a certificate that the operator issued by the authority's own key, for whichever data plane has the name.</param>
public readonly record struct SatelliteUserName(string DataPlane, string? Identity)
{
    /// <summary>Its satellite's, as the DataPlane is now.</summary>
    public static SatelliteUserName Of(KubeObject dataPlane) => new(dataPlane.Name, IdentityOf(dataPlane));

    /// <summary>By which data planes of one name are told apart: the uid, until an operator sets another.</summary>
    public static string IdentityOf(KubeObject dataPlane) => dataPlane.TextAt("spec", "satelliteIdentity") is { Length: > 0 } set ? set : dataPlane.Uid;

    /// <summary>Reads the common name of a certificate; null when it is no satellite's.</summary>
    public static SatelliteUserName? Parse(string user) =>
        !user.StartsWith(JoinNames.UserPrefix, StringComparison.Ordinal) ? null
        : user[JoinNames.UserPrefix.Length..].Split(':') switch
        {
            [{ Length: > 0 } name] => new SatelliteUserName(name, null),
            [{ Length: > 0 } name, { Length: > 0 } identity] => new SatelliteUserName(name, identity),
            _ => null,
        };

    /// <summary>Whether it is the satellite of the DataPlane as that is now.</summary>
    public bool IsOf(KubeObject dataPlane) => DataPlane == dataPlane.Name && (Identity is null || Identity == IdentityOf(dataPlane));

    /// <summary>The form in a certificate.</summary>
    public override string ToString() => Identity is null ? JoinNames.UserPrefix + DataPlane : $"{JoinNames.UserPrefix}{DataPlane}:{Identity}";
}
