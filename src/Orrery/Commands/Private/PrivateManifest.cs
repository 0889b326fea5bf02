using System.Globalization;
using System.Text.Json;
using Orrery.Api.Kinds;
using Orrery.Commands.DataPlanes;
using Orrery.Controllers.Joining;

namespace Orrery.Commands.Private;

/// <summary>
/// What a tenant applies to its own cluster: a namespace, the account of its controllers with their rights, the invitation, and the controllers. They may only
/// hand out rights that they have, and have none to give themselves more.
/// </summary>
internal static class PrivateManifest
{
    private const string Ns = JoinNames.SystemNamespace;
    private const string Name = "orrery-private";

    /// <param name="chartVolume">How large a volume for fetched charts is, as a quantity; null keeps them with the pod.</param>
    public static string Render(string dataPlane, string tenant, InvitationDetails invitation, JoinToken token, string? chartVolume)
    {
        string via = invitation.Via is { } proxy ? $" --via {proxy.GetLeftPart(UriPartial.Authority)}" : "";
        string arguments = JsonSerializer.Serialize<string[]>(
            ["private", "run", dataPlane, "--tenant", tenant, "--chart-dir", "/var/cache/orrery", "--metrics-address", "0.0.0.0:9090", .. via.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        string charts = chartVolume is null ? "emptyDir: {}" : "persistentVolumeClaim: {claimName: " + Name + "-charts}";
        string claim = chartVolume is null ? "" : Claim(chartVolume);
        return $$"""
            # Tenant {{tenant}} in its own network. The token is good once, until {{token.Expires.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)}}. Apply this to the tenant's cluster (kubectl apply -f -).
            # It dials out to {{invitation.Target.Address}} and nowhere else, fetches what is tenant {{tenant}}'s there, and reports its status; nobody dials in.
            apiVersion: v1
            kind: Namespace
            metadata:
              name: {{Ns}}
            ---
            apiVersion: v1
            kind: ServiceAccount
            metadata:
              name: {{Name}}
              namespace: {{Ns}}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRole
            metadata:
              name: {{Name}}
            rules:
              # Orrery's kinds, and everything of them.
              - {apiGroups: [apiextensions.k8s.io], resources: [customresourcedefinitions], verbs: [get, list, watch, create, update, patch]}
              - {apiGroups: [orrery.dev], resources: ["*"], verbs: ["*"]}
              # What runs for the tenant.
            {{SatelliteManifest.Rules(everything: true)}}
              - {apiGroups: [""], resources: [resourcequotas, limitranges], verbs: [get]}
              - {apiGroups: [metrics.k8s.io], resources: [pods, nodes], verbs: [get, list]}
              # Rights of members and satellites, which can be no more than what stands here.
              - {apiGroups: [rbac.authorization.k8s.io], resources: [roles, rolebindings, clusterroles, clusterrolebindings], verbs: [get, list, watch, create, update, patch, delete]}
              - {apiGroups: [""], resources: [serviceaccounts/token], verbs: [create]}
              - {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [get, list, watch, create, update, patch, delete]}
              # Satellites of more clusters, should the tenant have some.
              - {apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests], verbs: [get, list, watch, create, delete]}
              - {apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests/approval], verbs: [update]}
              - {apiGroups: [certificates.k8s.io], resources: [signers], resourceNames: [{{JoinNames.Signer}}], verbs: [approve]}
              # That data planes in use are not deleted.
              - {apiGroups: [admissionregistration.k8s.io], resources: [validatingadmissionpolicies, validatingadmissionpolicybindings], verbs: [get, list, watch, create, update, patch]}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRoleBinding
            metadata:
              name: {{Name}}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {{Name}}}
            subjects:
              - {kind: ServiceAccount, name: {{Name}}, namespace: {{Ns}}}
            ---
            apiVersion: v1
            kind: Secret
            metadata:
              name: {{JoinNames.PrivateInvitationSecret}}
              namespace: {{Ns}}
            type: Opaque
            stringData:
              server: {{JsonSerializer.Serialize(invitation.Target.Address)}}
              token: {{JsonSerializer.Serialize(token.Token)}}
              ca-pin: {{JsonSerializer.Serialize(invitation.Target.Pin)}}
              ca.crt: |
            {{SatelliteManifest.Indented(invitation.Target.AuthoritiesPem, 4)}}
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: {{Name}}
              namespace: {{Ns}}
              labels: {app.kubernetes.io/name: {{Name}} }
            spec:
              replicas: 1
              strategy: {type: Recreate}
              selector:
                matchLabels: {app.kubernetes.io/name: {{Name}} }
              template:
                metadata:
                  labels: {app.kubernetes.io/name: {{Name}} }
                spec:
                  serviceAccountName: {{Name}}
                  enableServiceLinks: false
                  securityContext: {runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532, seccompProfile: {type: RuntimeDefault} }
                  containers:
                    - name: controllers
                      image: {{JsonSerializer.Serialize(invitation.Image)}}
                      args: {{arguments}}
                      ports:
                        - {name: metrics, containerPort: 9090}
                      readinessProbe:
                        httpGet: {path: /readyz, port: metrics}
                      livenessProbe:
                        httpGet: {path: /livez, port: metrics}
                      resources:
                        requests: {cpu: 100m, memory: 128Mi}
                        limits: {memory: 512Mi}
                      securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]} }
                      volumeMounts:
                        - {name: tmp, mountPath: /tmp}
                        - {name: charts, mountPath: /var/cache/orrery}
                  volumes:
                    - {name: tmp, emptyDir: {} }
                    - {name: charts, {{charts}} }
            {{claim}}
            """;
    }

    /// <summary>One pod at a time writes to it: the Deployment ends one before it starts the next.</summary>
    private static string Claim(string size) => $$"""
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata:
          name: {{Name}}-charts
          namespace: {{Ns}}
        spec:
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: {{JsonSerializer.Serialize(size)}}} }

        """;
}
