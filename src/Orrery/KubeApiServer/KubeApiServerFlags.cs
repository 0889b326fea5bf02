namespace Orrery.KubeApiServer;

/// <summary>The flags of kube-apiserver that have a meaning here. All others are refused by name: better than to be silently without effect.</summary>
internal static class KubeApiServerFlags
{
    public static readonly FlagSet All = new(
    [
        // Storage.
        new("etcd-servers", FlagKind.List, "Addresses of etcd's members; without it state is kept in a file of --data-dir."),
        new("etcd-prefix", FlagKind.Text, "What every key in etcd begins with.", "/registry"),
        new("etcd-cafile", FlagKind.Text, "Authorities of etcd's certificates."),
        new("etcd-certfile", FlagKind.Text, "Client certificate for etcd."),
        new("etcd-keyfile", FlagKind.Text, "Key of that certificate."),
        new("storage-backend", FlagKind.Text, "etcd3 is the only one.", "etcd3"),
        new("data-dir", FlagKind.Text, "Folder of the store where no etcd is named. Default: --cert-dir. (Orrery's own flag.)"),
        new("encryption-provider-config", FlagKind.Text, "File that says which resources are stored encrypted, and by which keys."),

        // Serving.
        new("bind-address", FlagKind.Text, "IP address to listen on.", "0.0.0.0"),
        new("secure-port", FlagKind.Number, "Port to listen on; 0 takes a free one, which the log names.", "6443"),
        new("advertise-address", FlagKind.Text, "IP address of the endpoints of the Service 'kubernetes'. Default: --bind-address, or one of this machine."),
        new("external-hostname", FlagKind.Text, "Host name of this server in documents that lead clients to it."),
        new("cert-dir", FlagKind.Text, "Where apiserver.crt and apiserver.key are, or are made.", "/var/run/kubernetes"),
        new("tls-cert-file", FlagKind.Text, "Serving certificate, with its chain. Default: that in --cert-dir."),
        new("tls-private-key-file", FlagKind.Text, "Key of that certificate."),
        new("tls-min-version", FlagKind.Text, "Oldest version of TLS: VersionTLS12 or VersionTLS13. Default: what the system offers."),
        new("tls-cipher-suites", FlagKind.List, "Cipher suites, by their names at IANA; those of TLS 1.3 are always offered. Default: what the system offers."),
        new("service-cluster-ip-range", FlagKind.Text, "Network of the cluster IPs of Services, or one of IPv4 and one of IPv6.", "10.0.0.0/24"),
        new("service-node-port-range", FlagKind.Text, "Ports that Services may have on nodes: first-last, or first+more.", "30000-32767"),
        new("max-requests-inflight", FlagKind.Number, "Requests under way at once, together with the next; 0 for both sets no bound. Default: by the number of processors."),
        new("max-mutating-requests-inflight", FlagKind.Number, "Added to --max-requests-inflight."),
        new("enable-priority-and-fairness", FlagKind.Switch, "Whether requests beyond that bound wait for their turn; otherwise they are sent away.", "true"),

        // Who.
        new("client-ca-file", FlagKind.Text, "Authorities of client certificates."),
        new("requestheader-client-ca-file", FlagKind.Text, "Authorities of the certificates of a proxy that names its users in headers."),
        new("requestheader-allowed-names", FlagKind.List, "Common names that such a certificate may have. Default: any."),
        new("requestheader-username-headers", FlagKind.List, "Headers in which it names the user."),
        new("requestheader-uid-headers", FlagKind.List, "Headers in which it names the user's uid."),
        new("requestheader-group-headers", FlagKind.List, "Headers in which it names the user's groups."),
        new("requestheader-extra-headers-prefix", FlagKind.List, "What headers of the user's extra fields begin with."),
        new("enable-bootstrap-token-auth", FlagKind.Switch, "Whether Secrets of type bootstrap.kubernetes.io/token in kube-system let their bearers in.", "false"),
        new("token-auth-file", FlagKind.Text, "CSV file of bearer tokens: token,user,uid,\"group1,group2\"."),
        new("anonymous-auth", FlagKind.Switch, "Whether requests without a credential are let in as system:anonymous.", "true"),
        new("service-account-issuer", FlagKind.List, "Issuer of service accounts' tokens; the first issues, all are accepted."),
        new("service-account-key-file", FlagKind.List, "Keys that verify service accounts' tokens, or certificates of them."),
        new("service-account-signing-key-file", FlagKind.Text, "Key that signs service accounts' tokens."),
        new("api-audiences", FlagKind.List, "What this server calls itself in tokens. Default: --service-account-issuer."),

        new("authentication-config", FlagKind.Text, "File that names the OpenID providers whose ID tokens are accepted; followed as it changes."),
        new("oidc-issuer-url", FlagKind.Text, "OpenID provider whose ID tokens are accepted."),
        new("oidc-client-id", FlagKind.Text, "Client that ID tokens must be meant for."),
        new("oidc-username-claim", FlagKind.Text, "Claim that names the user.", "sub"),
        new("oidc-username-prefix", FlagKind.Text, "What is put before it; '-' for nothing. Default: the issuer and '#', but nothing before an email."),
        new("oidc-groups-claim", FlagKind.Text, "Claim that lists the user's groups."),
        new("oidc-groups-prefix", FlagKind.Text, "What is put before each."),
        new("oidc-required-claim", FlagKind.List, "name=value that an ID token must hold."),
        new("oidc-signing-algs", FlagKind.List, "Algorithms that ID tokens may be signed by.", "RS256"),
        new("oidc-ca-file", FlagKind.Text, "Authorities of the provider's certificate. Default: those of the system."),

        // What is recorded.
        new("audit-policy-file", FlagKind.Text, "Which requests are recorded, and how fully."),
        new("audit-log-path", FlagKind.Text, "File of the record, one JSON object a line; '-' is standard output."),
        new("audit-log-maxsize", FlagKind.Number, "MiB after which a new file is begun.", "100"),
        new("audit-log-maxage", FlagKind.Number, "Days that former files are kept; 0 keeps all.", "0"),
        new("audit-log-maxbackup", FlagKind.Number, "How many former files are kept; 0 keeps all.", "0"),

        new("audit-log-format", FlagKind.Text, "json is the only one.", "json"),
        new("audit-log-version", FlagKind.Text, "audit.k8s.io/v1 is the only one.", "audit.k8s.io/v1"),

        // May they.
        new("authorization-mode", FlagKind.List, "RBAC, Node, Webhook, AlwaysAllow, AlwaysDeny, or several, asked in turn.", "AlwaysAllow"),
        new("authorization-config", FlagKind.Text, "File that says who decides, in order: an AuthorizationConfiguration; followed as it changes. Instead of --authorization-mode."),
        new("authorization-webhook-config-file", FlagKind.Text, "Kubeconfig of the webhook that the mode Webhook asks."),
        new("authorization-webhook-version", FlagKind.Text, "Version of authorization.k8s.io that it speaks: v1 or v1beta1.", "v1beta1"),
        new("authorization-webhook-cache-authorized-ttl", FlagKind.Duration, "For how long its yes counts.", "5m"),
        new("authorization-webhook-cache-unauthorized-ttl", FlagKind.Duration, "For how long anything else counts.", "30s"),
        new("enable-admission-plugins", FlagKind.List, "Admission plugins beside those that are on by default."),
        new("disable-admission-plugins", FlagKind.List, "Admission plugins that are off, although they are on by default."),
        new("admission-control-config-file", FlagKind.Text, "File that tells admission plugins more: PodSecurity its defaults and exemptions, ResourceQuota what wants a quota, webhooks of root what is shown to them."),
        new("admission-control", FlagKind.List, "Older form: the admission plugins that are on; all others are off. Instead of the two flags above."),
        new("allow-privileged", FlagKind.Switch, "Whether pods may run privileged containers.", "false"),

        // What.
        new("runtime-config", FlagKind.Settings, "API versions to serve or not: group/version=true|false, api/all=true|false, ...; a name alone is true."),
        new("controllers", FlagKind.List, "Controllers of kube-controller-manager to run: '*' is all that are built (token-cleaner-controller only by its name), 'name' one more, '-name' one less. (kube-controller-manager's flag.)", "*"),
        new("event-ttl", FlagKind.Duration, "For how long Events are kept.", "1h0m0s"),
        new("cluster-signing-cert-file", FlagKind.Text, "Authority that signs approved requests for client certificates. Default: they are not signed. (kube-controller-manager's flag.)"),
        new("cluster-signing-key-file", FlagKind.Text, "Key of that authority."),
        new("cluster-signing-duration", FlagKind.Duration, "The longest that such a certificate holds.", "8760h0m0s"),
        new("v", FlagKind.Number, "Verbosity of the log.", "0"),

        // What test environments pass, and what is tuned by it is not there.
        Without("feature-gates", FlagKind.Pairs, "there are no gates"),
        Without("audit-log-mode", FlagKind.Text, "events are written in the background, and requests wait where the disk cannot keep up", "blocking"),
        Without("profiling", FlagKind.Switch, "there is no profile to fetch", "true"),
        Without("contention-profiling", FlagKind.Switch, "there is no profile to fetch", "false"),
        Without("watch-cache", FlagKind.Switch, "all reads are from memory", "true"),
        Without("watch-cache-sizes", FlagKind.List, "what is kept for watches goes by age"),
        Without("default-watch-cache-size", FlagKind.Number, "what is kept for watches goes by age"),
        Without("etcd-compaction-interval", FlagKind.Duration, "the store is compacted by what watches still want", "5m0s"),
        Without("etcd-count-metric-poll-period", FlagKind.Duration, "objects are counted as they come and go", "1m0s"),
        Without("etcd-db-metric-poll-interval", FlagKind.Duration, "etcd tells of its size itself", "30s"),
        Without("storage-media-type", FlagKind.Text, "objects are stored as JSON", "application/json"),
        Without("delete-collection-workers", FlagKind.Number, "objects of a collection are deleted one after the other", "1"),
        Without("endpoint-reconciler-type", FlagKind.Text, "the Service 'kubernetes' leads to one server", "lease"),
        Without("enable-aggregator-routing", FlagKind.Switch, NoAggregation, "false"),
        Without("proxy-client-cert-file", FlagKind.Text, NoAggregation),
        Without("proxy-client-key-file", FlagKind.Text, NoAggregation),
        Without("kubelet-client-certificate", FlagKind.Text, NoKubelets),
        Without("kubelet-client-key", FlagKind.Text, NoKubelets),
        Without("kubelet-certificate-authority", FlagKind.Text, NoKubelets),
        Without("kubelet-preferred-address-types", FlagKind.List, NoKubelets),
        Without("kubelet-timeout", FlagKind.Duration, NoKubelets, "5s"),
    ]);

    private const string NoAggregation = "requests are not passed on to extension API servers";
    private const string NoKubelets = "kubelets are not asked";

    private static Flag Without(string name, FlagKind kind, string reason, string standard = "") =>
        new(name, kind, $"Accepted for the sake of callers: {reason}.", standard) { IsWithoutEffect = true };
}
