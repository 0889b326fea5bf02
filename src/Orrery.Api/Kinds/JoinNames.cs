namespace Orrery.Api.Kinds;

/// <summary>Names by which a satellite, the control plane and an operator agree about joining.</summary>
public static class JoinNames
{
    /// <summary>Before the name of a data plane in its satellite's user name; see <see cref="SatelliteUserName"/>.</summary>
    public const string UserPrefix = "orrery:data-plane:";

    /// <summary>Put before the user name of a satellite whose certificate has expired, see <see cref="ExpiredGroup"/>.</summary>
    public const string ExpiredUserPrefix = "orrery:expired:";

    /// <summary>The only group of a satellite that shows an expired certificate: it may ask for a new one, which an operator approves.</summary>
    public const string ExpiredGroup = "orrery:expired-satellites";

    /// <summary>Who signs satellites' certificates: Kubernetes' own signer of client certificates, so that any cluster can be root.</summary>
    public const string Signer = "kubernetes.io/kube-apiserver-client";

    /// <summary>On a ServiceAccount in a data plane's namespace: an invitation to join once, by a token of that account.</summary>
    public const string InvitationLabel = "orrery.dev/invitation";

    /// <summary>On an invitation: when its token ends, RFC 3339.</summary>
    public const string ExpiresAnnotation = "orrery.dev/expires";

    /// <summary>On an invitation: uid of the one signing request that used it.</summary>
    public const string UsedByAnnotation = "orrery.dev/used-by";

    /// <summary>On an invitation: <c>true</c> lets another cluster than the one that joined before take the name over.</summary>
    public const string NewClusterAnnotation = "orrery.dev/new-cluster";

    /// <summary>On a signing request: uid of the namespace <c>kube-system</c> of the satellite's cluster, by which clusters are told apart.</summary>
    public const string ClusterUidAnnotation = "orrery.dev/cluster-uid";

    /// <summary>Condition of a DataPlane: whether its satellite holds a certificate.</summary>
    public const string IdentityCondition = "Identity";

    /// <summary>Condition of a DataPlane: whether the last attempt to get its satellite's certificate was refused, and why.</summary>
    public const string RefusedCondition = "JoinRefused";

    /// <summary>Reason of an Event, and of that condition: a token is not good any more.</summary>
    public const string TokenExpired = "TokenExpired";

    /// <summary>Where a satellite keeps what is its own, in its data plane.</summary>
    public const string SystemNamespace = "orrery-system";

    /// <summary>Secret in <see cref="SystemNamespace"/>: certificate, key, authorities, cluster uid.</summary>
    public const string IdentitySecret = "orrery-satellite";

    /// <summary>Secret in <see cref="SystemNamespace"/>: where to join, and the token.</summary>
    public const string InvitationSecret = "orrery-join";

    /// <summary>Secret in <see cref="SystemNamespace"/>: address of the proxy to the control plane, where it holds a password.</summary>
    public const string ViaSecret = "orrery-satellite-via";

    /// <summary>Environment variable that says what <c>orrery satellite --via</c> says.</summary>
    public const string ViaVariable = "ORRERY_VIA";

    /// <summary>As <see cref="IdentitySecret"/>, of a tenant's own control plane, by which it is known to the vendor's.</summary>
    public const string PrivateIdentitySecret = "orrery-private";

    /// <summary>As <see cref="InvitationSecret"/>, for a tenant's own control plane.</summary>
    public const string PrivateInvitationSecret = "orrery-private-join";

    /// <summary>Where a cluster says to everybody how it is reached and by which authority it is known (kubeadm's convention).</summary>
    public const string ClusterInfo = "cluster-info";

    /// <summary>Namespace of <see cref="ClusterInfo"/>.</summary>
    public const string PublicNamespace = "kube-public";

    /// <summary>Of all authorities that the server's certificates may come from; in every namespace, kept by the API server.</summary>
    public const string AuthoritiesConfigMap = "kube-root-ca.crt";

    /// <summary>User name under which a satellite with an expired certificate asks for a new one.</summary>
    public static string ExpiredUser(SatelliteUserName satellite) => ExpiredUserPrefix + satellite;
}
