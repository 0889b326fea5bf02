namespace Orrery.Simulator.Tests.Support;

/// <summary>Small workloads in YAML.</summary>
internal static class Manifests
{
    public static string Deployment(string name, int replicas, string image = "web:1", string strategy = "{}") => $$$"""
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: {{{name}}}, namespace: default}
        spec:
          replicas: {{{replicas}}}
          strategy: {{{strategy}}}
          selector: {matchLabels: {app: {{{name}}}}}
          template:
            metadata: {labels: {app: {{{name}}}}}
            spec: {containers: [{name: web, image: "{{{image}}}", ports: [{name: http, containerPort: 8080}]}]}
        """;

    public static string StatefulSet(string name, int replicas) => $$$"""
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: {{{name}}}, namespace: default}
        spec:
          replicas: {{{replicas}}}
          serviceName: {{{name}}}
          selector: {matchLabels: {app: {{{name}}}}}
          template:
            metadata: {labels: {app: {{{name}}}}}
            spec: {containers: [{name: db, image: "db:1"}]}
          volumeClaimTemplates:
          - metadata: {name: data}
            spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi} } }
        """;

    public static string DaemonSet(string name) => $$$"""
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: {{{name}}}, namespace: default}
        spec:
          selector: {matchLabels: {app: {{{name}}}}}
          template:
            metadata: {labels: {app: {{{name}}}}}
            spec: {containers: [{name: agent, image: "agent:1"}]}
        """;

    public static string Job(string name, string spec, string command, string restart = "Never") => $$$"""
        apiVersion: batch/v1
        kind: Job
        metadata: {name: {{{name}}}, namespace: default}
        spec:
          {{{spec}}}
          template:
            spec: {restartPolicy: {{{restart}}}, containers: [{name: task, image: "task:1", command: [sh, -c, "{{{command}}}"]}]}
        """;
}
