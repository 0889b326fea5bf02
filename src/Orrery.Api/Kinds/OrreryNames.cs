namespace Orrery.Api.Kinds;

/// <summary>Names that several processes agree on: labels, annotations, finalizers, condition types, managers, users.</summary>
public static class OrreryNames
{
    /// <summary>On a root namespace: the tenant that owns it. On what runs in a data plane: whose it is.</summary>
    public const string TenantLabel = "orrery.dev/tenant";

    /// <summary>Name of the virtual cluster, without its root namespace.</summary>
    public const string VirtualClusterLabel = "orrery.dev/virtual-cluster";

    /// <summary>Namespace inside the virtual cluster.</summary>
    public const string NamespaceLabel = "orrery.dev/namespace";

    public const string DataPlaneLabel = "orrery.dev/data-plane";

    /// <summary>On what runs in a data plane for an Installation: its name.</summary>
    public const string InstallationLabel = "orrery.dev/installation";

    /// <summary>On a namespace of a data plane: the Installation that it was made for, in full, as <c>namespace/name</c>.</summary>
    public const string InstallationAnnotation = "orrery.dev/installation";

    /// <summary>On an object: what becomes of it when its release does not want it any more. Helm's own name.</summary>
    public const string ResourcePolicyAnnotation = "helm.sh/resource-policy";

    /// <summary>Value of <see cref="ResourcePolicyAnnotation"/>, in any case: it stays where it is.</summary>
    public const string KeepPolicy = "keep";

    /// <summary>On a namespace of a data plane: it holds what a release that went was to keep, so it stays until somebody takes this away.</summary>
    public const string KeptAnnotation = "orrery.dev/kept";

    /// <summary>On an Installation: its tests are run when this changes. What the value is does not matter.</summary>
    public const string TestAnnotation = "orrery.dev/test";

    /// <summary>On an Installation: somebody still reads what the tests of this run (the value of <see cref="TestAnnotation"/>) wrote, so that they stay also where they are to go once they have ended.</summary>
    public const string KeepTestsAnnotation = "orrery.dev/keep-tests";

    /// <summary>On an Installation or an Application: user who changed last what is wanted of it. Written by the API server alone.</summary>
    public const string ChangedByAnnotation = "orrery.dev/changed-by";

    /// <summary>When that was, RFC 3339. Written by the API server alone.</summary>
    public const string ChangedAtAnnotation = "orrery.dev/changed-at";

    /// <summary>On an Installation: it may be changed until this time, RFC 3339, whatever its maintenance windows say.</summary>
    public const string OpenUntilAnnotation = "orrery.dev/open-until";

    /// <summary>On a Work of an Installation: it runs at this event, such as <c>pre-install</c>, and is no part of what stays.</summary>
    public const string HookLabel = "orrery.dev/hook";

    /// <summary>On what holds a tenant apart in a data plane (policies, quotas, limits): name of the tenant.</summary>
    public const string GuardLabel = "orrery.dev/guard";

    /// <summary>On a node of a data plane that is one tenant's, beside <see cref="TenantLabel"/>: name of the machine pool that it was taken for.</summary>
    public const string MachinePoolLabel = "orrery.dev/machine-pool";

    /// <summary>On a node that is about to be no longer a tenant's: it was cordoned for that.</summary>
    public const string LeavingAnnotation = "orrery.dev/leaving";

    /// <summary>On a node of a tenant's that its pool does not need and nothing runs on: since when that is so, RFC 3339.</summary>
    public const string IdleSinceAnnotation = "orrery.dev/idle-since";

    /// <summary>On a LogicalCluster: its tenant is suspended, so that only the controllers are answered. The value says why.</summary>
    public const string SuspendedAnnotation = "orrery.dev/suspended";

    /// <summary>On a LogicalCluster: its requests' share of the server, as <see cref="TenantClass.RequestWeight"/>; without it 1.</summary>
    public const string RequestWeightAnnotation = "orrery.dev/request-weight";

    /// <summary>
    /// On an object that is deleted although it is in use: it goes all the same. What tenants have in a DataPlane goes with it, whether or not it has another place; installations
    /// of a Release or an Application are left as they are; what a data plane that is away still has of a Tenant goes when it is back.
    /// </summary>
    public const string ForceDeleteAnnotation = "orrery.dev/force-delete";

    /// <summary>
    /// On an object of a virtual cluster that is deleted with <c>--cascade=orphan</c>: its server has let go of what it owns there, so the controllers, once its Works say the same, may let go of
    /// the object (<see cref="PlaceableKinds.WithDependents"/>).
    /// </summary>
    public const string OrphanedAnnotation = "orrery.dev/orphaned";

    /// <summary>
    /// On a DataPlane: the control plane was restored from a backup, taken at this time, and what the data plane runs beyond that is kept until somebody takes this away.
    /// </summary>
    public const string RestoredAnnotation = "orrery.dev/restored";

    public const string ManagedByLabel = "app.kubernetes.io/managed-by";

    /// <summary>Value of <see cref="ManagedByLabel"/>, and the field manager of all that Orrery applies.</summary>
    public const string Manager = "orrery";

    /// <summary>Field manager of a satellite's reports on its own DataPlane.</summary>
    public const string SatelliteManager = "orrery-satellite";

    /// <summary>On a virtual object or namespace: comma separated virtual sites that narrow its placement.</summary>
    public const string VirtualSitesAnnotation = "orrery.dev/virtual-sites";

    /// <summary>On a virtual object: replicas wanted in all data planes together.</summary>
    public const string DesiredReplicasAnnotation = "orrery.dev/desired-replicas";

    /// <summary>
    /// On a pod of a virtual cluster that is placed itself: comma separated data planes in which it runs. It stands for the pod in the first; those in the others stand beside it, as <c>name.dataplane</c>.
    /// Empty on one that ran somewhere and does not any more.
    /// </summary>
    public const string RunsInAnnotation = "orrery.dev/runs-in";

    /// <summary>On an object in a data plane: name of the Work that it was made from.</summary>
    public const string WorkAnnotation = "orrery.dev/work";

    /// <summary>On a mapped namespace: the namespace of root that its virtual cluster is in.</summary>
    public const string ClusterNamespaceLabel = "orrery.dev/cluster-namespace";

    /// <summary>On the Observation of a mapped namespace: the labels of the virtual cluster's namespace, a JSON object by carried keys (<see cref="CarriedLabels"/>).</summary>
    public const string NamespaceLabelsAnnotation = "orrery.dev/namespace-labels";

    /// <summary>On an object whose drift is only reported: digest of what was applied.</summary>
    public const string AppliedAnnotation = "orrery.dev/applied";

    /// <summary>On what a satellite applied or made in a data plane, and on machines that it took: uid of the control plane that wanted it, which is that of root's namespace <c>kube-system</c>.</summary>
    public const string ControlPlaneAnnotation = "orrery.dev/control-plane";

    /// <summary>On a mapped namespace: the virtual cluster in full, as <c>namespace/name</c>.</summary>
    public const string ClusterAnnotation = "orrery.dev/cluster";

    /// <summary>On a mapped namespace: uids of the VirtualCluster and of the namespace in it that it was made for, as <c>uid/uid</c>.</summary>
    public const string IncarnationAnnotation = "orrery.dev/incarnation";

    /// <summary>
    /// On the Observation of a mapped namespace: what it stood for is deleted, so the satellite is to delete it with all that is in it. The value
    /// is the uid that the namespace has in its data plane.
    /// </summary>
    public const string PurgeRequestAnnotation = "orrery.dev/purge-request";

    /// <summary>
    /// On the pod template of a workload in a data plane, and so on its pods: hash of the template in the virtual cluster, by which a pod is
    /// told to be of one of its revisions there.
    /// </summary>
    public const string TemplateHashAnnotation = "orrery.dev/template-hash";

    /// <summary>On a ReplicaSet of a virtual cluster: it stands for a revision of a Deployment and is not placed itself.</summary>
    public const string RevisionAnnotation = "orrery.dev/revision";

    /// <summary>On such a ReplicaSet: its Deployment was deleted and left it (<c>--cascade=orphan</c>), so that it is placed by itself. Gone once a Deployment takes it over.</summary>
    public const string LeftAnnotation = "orrery.dev/left";

    /// <summary>On a mirrored object: uid of the original in its data plane.</summary>
    public const string SourceUidAnnotation = "orrery.dev/source-uid";

    /// <summary>On a mirrored pod: digest of what the original asked for when that was last followed; absent on one that never differed.</summary>
    public const string SourceResourcesAnnotation = "orrery.dev/source-resources";

    /// <summary>
    /// On the Observation of a pod: its tenant deleted the mirrored pod, so the satellite is to delete the pod itself. <c>uid/seconds</c>: the
    /// uid that the pod has in its data plane, and the grace period.
    /// </summary>
    public const string DeleteRequestAnnotation = "orrery.dev/delete-request";

    /// <summary>On a mirrored pod: it stays, Terminating, until the pod that it stands for has gone.</summary>
    public const string MirrorFinalizer = "orrery.dev/mirror";

    /// <summary>Every annotation and label of ours starts so.</summary>
    public const string Prefix = "orrery.dev/";

    public const string VirtualClusterFinalizer = "orrery.dev/virtual-cluster";

    public const string DataPlaneFinalizer = "orrery.dev/data-plane";

    /// <summary>On a Tenant: it stays until nothing of it is left, in root and in data planes.</summary>
    public const string TenantFinalizer = "orrery.dev/tenant";

    public const string InstallationFinalizer = "orrery.dev/installation";

    /// <summary>On a Release or an Application that installations use.</summary>
    public const string InUseFinalizer = "orrery.dev/in-use";

    /// <summary>On what a tenant's own control plane fetched from the vendor's: under which name of a data plane. Whether it may go is the vendor's business.</summary>
    public const string FetchedLabel = "orrery.dev/fetched-as";

    public const string ReadyCondition = "Ready";
    public const string PlacedCondition = "Placed";
    public const string JoinedCondition = "Joined";
    public const string DegradedCondition = "Degraded";
    public const string IsolatedCondition = "Isolated";
    public const string MachinesReadyCondition = "MachinesReady";
    public const string SuspendedCondition = "Suspended";
    public const string DrainedCondition = "Drained";

    /// <summary>On a Tenant that is being deleted: False, and what is left of it where.</summary>
    public const string RemovedCondition = "Removed";

    /// <summary>On an object that is being deleted: whether somebody still uses it, for whom it waits.</summary>
    public const string InUseCondition = "InUse";

    /// <summary>On a DataPlane: whether its cluster's owner holds anything back, by the satellite's policy.</summary>
    public const string RestrictedCondition = "Restricted";

    /// <summary>On a DataPlane: whether its cluster lets its satellite do all of <see cref="SatelliteRights"/>.</summary>
    public const string PermittedCondition = "Permitted";

    /// <summary>How a satellite begins to say that the policy of its cluster's owner forbids what is asked of it.</summary>
    public const string OwnersRefusal = "the policy of the cluster's owner does not allow it: ";

    /// <summary>Condition of a DataPlane: it has two satellites, of which one is refused, or which both report to it. Absent where that is not known.</summary>
    public const string DuplicatedCondition = "Duplicated";

    /// <summary>Condition of a DataPlane: whether its cluster takes changes. One whose etcd is full answers, and runs what it runs.</summary>
    public const string WritableCondition = "Writable";

    /// <summary>On a DataPlane, while <see cref="RestoredAnnotation"/> stands on it: its satellite keeps what the control plane does not know of.</summary>
    public const string RestoredCondition = "Restored";

    /// <summary>Of a data plane: its cluster holds what another control plane had applied there, which is left alone.</summary>
    public const string LeftBehindCondition = "LeftBehind";
    public const string AppliedCondition = "Applied";
    public const string AvailableCondition = "Available";

    /// <summary>On a Work: whether its cluster would take what <c>spec.trial</c> holds.</summary>
    public const string AcceptedCondition = "Accepted";

    /// <summary>On an aggregated virtual object: whether every data plane that it is placed on reports.</summary>
    public const string SpreadCondition = "orrery.dev/Spread";

    /// <summary>
    /// Name of the Lease in a data plane's namespace that says which server holds its tunnel. It is written when that changes; without a holder, its
    /// renewTime is when the satellite was last heard.
    /// </summary>
    public const string TunnelLease = "tunnel";

    /// <summary>
    /// Holder of <see cref="TunnelLease"/> where the control plane takes no tunnel: the satellite renews the Lease itself, as kubelets do, for as long
    /// as it lives.
    /// </summary>
    public const string SatelliteHolder = "satellite";

    /// <summary>In which namespace servers of the control plane register, each by a Lease that it renews.</summary>
    public const string ServerNamespace = "kube-system";

    public const string ServerLeasePrefix = "orrery-server-";

    /// <summary>On the Lease of a server; its value is the server's name.</summary>
    public const string ServerLabel = "orrery.dev/server";

    /// <summary>On the Lease of a data plane's tunnel: its satellite opens tunnels and is heard in none (<see cref="UnheardAsSilent"/>), or wants tunnels of another kind, whose subprotocols are the value. Gone once one is heard.</summary>
    public const string UnheardAnnotation = "orrery.dev/unheard";

    /// <summary>Value of <see cref="UnheardAnnotation"/> for one that says nothing.</summary>
    public const string UnheardAsSilent = "true";

    /// <summary>On the Lease of a data plane's tunnel that a server holds: which process of its satellite opened it. Absent where that does not say.</summary>
    public const string InstanceAnnotation = "orrery.dev/satellite-instance";

    /// <summary>On the same Lease: a second satellite was refused (<see cref="SecondSatellite"/>). Gone once that one is let in.</summary>
    public const string SecondSatelliteAnnotation = "orrery.dev/second-satellite";

    /// <summary>On the Lease of a server: where the other servers reach it.</summary>
    public const string AddressAnnotation = "orrery.dev/address";

    /// <summary>On the definition of an own kind: the version of the program that put it there. An older one leaves it as it is.</summary>
    public const string VersionAnnotation = "orrery.dev/version";

    /// <summary>What a server of the control plane is to the others.</summary>
    public const string ServerUser = "orrery:server";

    /// <summary>Subresource of a DataPlane at which its satellite dials in.</summary>
    public const string TunnelSubresource = "tunnel";

    /// <summary>WebSocket subprotocol of a tunnel: HTTP/2 with prior knowledge, served by the side that dialled.</summary>
    public const string TunnelProtocol = "v1.tunnel.orrery.dev";

    /// <summary>Header of whoever dials in: by it he says that those of his heartbeats that want an answer are longer than the others (<see cref="BeatsToldApart"/>). Without it nothing is known of that.</summary>
    public const string TunnelBeatsHeader = "Orrery-Beats";

    /// <summary>Value of <see cref="TunnelBeatsHeader"/>.</summary>
    public const string BeatsToldApart = "told-apart";

    /// <summary>
    /// Header of whoever dials in, and of his answer within the tunnel to whether he lives: which process of the satellite he is (<c>status.satelliteInstance</c> of the DataPlane).
    /// </summary>
    public const string InstanceHeader = "Orrery-Instance";

    public const string SatelliteGroup = "orrery:satellites";

    public const string DataPlaneNamespacePrefix = "dp-";

    /// <summary>The root namespace that holds what a data plane must run.</summary>
    public static string DataPlaneNamespace(string dataPlane) => DataPlaneNamespacePrefix + dataPlane;

    /// <summary>User name of a data plane's satellite in a certificate that the operator issued by hand; see <see cref="SatelliteUserName"/>.</summary>
    public static string SatelliteUser(string dataPlane) => JoinNames.UserPrefix + dataPlane;
}
