using System.Globalization;
using System.Text.Json;
using Orrery.Api.Kinds;
using Orrery.Controllers.Joining;

namespace Orrery.Commands.DataPlanes;

/// <summary>
/// What is applied to a cluster that joins: a namespace, the satellite's account with the least rights that it needs, the invitation, and the
/// satellite. The rights beside its own namespace come from every ClusterRole with the label <c>orrery.dev/satellite</c>, so that the cluster's
/// owner adds a role for more kinds, or takes from the one here.
/// </summary>
internal static class SatelliteManifest
{
    private const string RoleLabel = "orrery.dev/satellite";
    private const string Ns = JoinNames.SystemNamespace;

    public static string Render(string dataPlane, JoinTarget target, JoinToken token, string image, Uri? via)
    {
        // A password stands in a Secret, and in no list of processes.
        bool isSecret = via is { UserInfo.Length: > 0 };
        string viaArgument = via is null || isSecret ? "" : $" --via {via.GetLeftPart(UriPartial.Authority)}";
        string arguments = JsonSerializer.Serialize<string[]>(["satellite", dataPlane, .. viaArgument.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        return $$"""
            # Data plane {{dataPlane}}. The token is good once, until {{token.Expires.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)}}. Apply this to its cluster (kubectl apply -f -), or run there instead:
            #   {{(isSecret ? $"{JoinNames.ViaVariable}='{via!.GetLeftPart(UriPartial.Authority)}' " : "")}}orrery satellite {{dataPlane}} --server {{target.Address}} --ca-pin {{target.Pin}} --token {{token.Token}}{{viaArgument}} --kubeconfig FILE
            apiVersion: v1
            kind: Namespace
            metadata:
              name: {{Ns}}
            ---
            apiVersion: v1
            kind: ServiceAccount
            metadata:
              name: orrery-satellite
              namespace: {{Ns}}
            ---
            # All that it may do beside its own namespace. Take away what it shall not: it says what it then cannot apply.
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRole
            metadata:
              name: orrery-satellite
            aggregationRule:
              clusterRoleSelectors:
                - matchLabels: {{{RoleLabel}}: "true"}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRole
            metadata:
              name: orrery-satellite-workloads
              labels: {{{RoleLabel}}: "true"}
            rules:
            {{Rules()}}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRole
            metadata:
              name: orrery-satellite-pods
              labels: {{{RoleLabel}}: "true"}
            rules:
            {{Lines(SatelliteRights.Pods)}}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRoleBinding
            metadata:
              name: orrery-satellite
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: orrery-satellite}
            subjects:
              - {kind: ServiceAccount, name: orrery-satellite, namespace: {{Ns}}}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: Role
            metadata:
              name: orrery-satellite
              namespace: {{Ns}}
            rules:
              - {apiGroups: [""], resources: [secrets], verbs: [create, get, list, update, delete]}
              - {apiGroups: [""], resources: [configmaps], verbs: [create, list, watch, update, delete]}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: RoleBinding
            metadata:
              name: orrery-satellite
              namespace: {{Ns}}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: orrery-satellite}
            subjects:
              - {kind: ServiceAccount, name: orrery-satellite, namespace: {{Ns}}}
            ---
            apiVersion: v1
            kind: Secret
            metadata:
              name: {{JoinNames.InvitationSecret}}
              namespace: {{Ns}}
            type: Opaque
            stringData:
              server: {{JsonSerializer.Serialize(target.Address)}}
              token: {{JsonSerializer.Serialize(token.Token)}}
              ca-pin: {{JsonSerializer.Serialize(target.Pin)}}
              ca.crt: |
            {{Indented(target.AuthoritiesPem, 4)}}
            ---
            {{(isSecret ? ViaSecret(via!) : "")}}
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: orrery-satellite
              namespace: {{Ns}}
              labels: {app.kubernetes.io/name: orrery-satellite}
            spec:
              replicas: 1
              strategy: {type: Recreate}
              selector:
                matchLabels: {app.kubernetes.io/name: orrery-satellite}
              template:
                metadata:
                  labels: {app.kubernetes.io/name: orrery-satellite}
                spec:
                  serviceAccountName: orrery-satellite
                  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault} }
                  containers:
                    - name: satellite
                      image: {{JsonSerializer.Serialize(image)}}
                      args: {{arguments}}{{(isSecret ? ViaReference : "")}}
                      resources:
                        requests: {cpu: 10m, memory: 64Mi}
                        limits: {memory: 256Mi}
                      securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]} }

            """;
    }

    private const string ViaReference = $$"""

                  env:
                    - name: {{JoinNames.ViaVariable}}
                      valueFrom: {secretKeyRef: {name: {{JoinNames.ViaSecret}}, key: url} }
        """;

    private static string ViaSecret(Uri via) => $"""
        apiVersion: v1
        kind: Secret
        metadata:
          name: {JoinNames.ViaSecret}
          namespace: {Ns}
        type: Opaque
        stringData:
          url: {JsonSerializer.Serialize(via.GetLeftPart(UriPartial.Authority))}
        ---
        """;

    /// <summary>What runs for tenants, and what is watched to tell of it.</summary>
    /// <param name="everything">Every verb of what tenants make themselves, for who hands such rights out.</param>
    public static string Rules(bool everything = false) => Lines(everything ? SatelliteRights.Workloads.Select(Whole) : SatelliteRights.Workloads);

    private static AccessRight Whole(AccessRight right) => right with
    {
        Verbs = right.Resources is ["events"] ? ["get", "update", .. right.Verbs]
            : PlaceableKinds.All.Any(k => k.Resource.Group == right.Group && right.Resources.Contains(k.Resource.Resource)) ? ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]
            : right.Verbs,
    };

    private static string Lines(IEnumerable<AccessRight> rights) => string.Join('\n', rights.Select(r =>
        $"  - {{apiGroups: [{(r.Group.Length == 0 ? "\"\"" : r.Group)}], resources: [{string.Join(", ", r.Resources)}], verbs: [{string.Join(", ", r.Verbs)}]}}"));

    public static string Indented(string text, int by) => string.Join('\n', text.TrimEnd().Split('\n').Select(line => new string(' ', by) + line));
}
