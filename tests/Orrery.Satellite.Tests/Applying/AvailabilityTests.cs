using Orrery.Satellite.Applying;

namespace Orrery.Satellite.Tests.Applying;

public sealed class AvailabilityTests
{
    [Theory]
    [InlineData("""{"kind": "Deployment", "metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}}""", "True", "MinimumAvailable")]
    [InlineData("""{"kind": "Deployment", "metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 1, "availableReplicas": 2}}""", "False", "RollingOut")]
    [InlineData("""{"kind": "Deployment", "metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 2, "availableReplicas": 3}}""", "False", "RollingOut")]
    [InlineData("""{"kind": "StatefulSet", "metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 1, "availableReplicas": 2}}""", "False", "RollingOut")]
    [InlineData("""{"kind": "StatefulSet", "metadata": {"generation": 2}, "spec": {"replicas": 2, "updateStrategy": {"type": "OnDelete"}}, "status": {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 0, "availableReplicas": 2}}""", "True", "MinimumAvailable")]
    [InlineData("""{"kind": "StatefulSet", "spec": {"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}}, "status": {"replicas": 3, "updatedReplicas": 1, "availableReplicas": 3, "observedGeneration": 1}}""", "False", "RollingOut")]
    [InlineData("""{"kind": "StatefulSet", "spec": {"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}}, "status": {"replicas": 3, "updatedReplicas": 2, "availableReplicas": 3, "observedGeneration": 1}}""", "True", "MinimumAvailable")]
    [InlineData("""{"kind": "StatefulSet", "spec": {"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 5}}}, "status": {"replicas": 3, "availableReplicas": 3, "observedGeneration": 1}}""", "True", "MinimumAvailable")]
    [InlineData("""{"kind": "DaemonSet", "metadata": {"generation": 2}, "status": {"observedGeneration": 2, "desiredNumberScheduled": 3, "numberAvailable": 3, "updatedNumberScheduled": 2}}""", "False", "RollingOut")]
    [InlineData("""{"kind": "DaemonSet", "metadata": {"generation": 2}, "spec": {"updateStrategy": {"type": "OnDelete"}}, "status": {"observedGeneration": 2, "desiredNumberScheduled": 3, "numberAvailable": 3}}""", "True", "MinimumAvailable")]
    [InlineData("""{"kind": "ReplicaSet", "spec": {"replicas": 1}, "status": {"replicas": 3, "availableReplicas": 1}}""", "False", "RollingOut")]
    [InlineData("""{"apiVersion": "apps.example.org/v1", "kind": "DaemonSet", "status": {"desiredNumberScheduled": 1}}""", "True", "Exists")]
    [InlineData("""{"kind": "Deployment", "metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": {"observedGeneration": 2, "availableReplicas": 1}}""", "False", "MinimumUnavailable")]
    [InlineData("""{"kind": "Deployment", "metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": {"observedGeneration": 1, "availableReplicas": 2}}""", "False", "NotObserved")]
    [InlineData("""{"kind": "Deployment", "metadata": {"generation": 1}, "spec": {"replicas": 0}}""", "False", "NotObserved")]
    [InlineData("""{"kind": "DaemonSet", "metadata": {"generation": 1}, "status": {"observedGeneration": 1, "desiredNumberScheduled": 3, "numberAvailable": 3, "updatedNumberScheduled": 3}}""", "True", "MinimumAvailable")]
    [InlineData("""{"kind": "Job", "status": {"conditions": [{"type": "Complete", "status": "True"}]}}""", "True", "Complete")]
    [InlineData("""{"kind": "Job", "status": {"active": 1}}""", "False", "NotComplete")]
    [InlineData("""{"kind": "Pod", "status": {"conditions": [{"type": "Ready", "status": "True"}]}}""", "True", "Ready")]
    [InlineData("""{"kind": "PersistentVolumeClaim", "status": {"phase": "Pending"}}""", "False", "NotBound")]
    [InlineData("""{"kind": "Service", "spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {}}}""", "False", "AddressPending")]
    [InlineData("""{"kind": "Service", "spec": {"type": "ClusterIP"}}""", "True", "Exists")]
    [InlineData("""{"kind": "ConfigMap"}""", "True", "Exists")]
    [InlineData("""{"kind": "Deployment", "status": {"availableReplicas": 1, "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]}}""", "False", "ProgressDeadlineExceeded")]
    [InlineData("""{"kind": "Job", "status": {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}}""", "False", "JobFailed")]
    [InlineData("""{"kind": "Pod", "status": {"phase": "Succeeded", "conditions": [{"type": "Ready", "status": "False"}]}}""", "True", "Succeeded")]
    [InlineData("""{"kind": "CustomResourceDefinition", "status": {"conditions": [{"type": "Established", "status": "True"}]}}""", "True", "Established")]
    [InlineData("""{"kind": "CustomResourceDefinition"}""", "False", "NotEstablished")]
    [InlineData("""{"kind": "PodDisruptionBudget", "status": {"currentHealthy": 1, "desiredHealthy": 2}}""", "True", "BudgetNotMet")]
    [InlineData("""{"kind": "PodDisruptionBudget", "status": {"conditions": [{"type": "DisruptionAllowed", "status": "False", "reason": "SyncFailed"}]}}""", "False", "SyncFailed")]
    [InlineData("""{"kind": "PodDisruptionBudget", "status": {"currentHealthy": 2, "desiredHealthy": 2}}""", "True", "BudgetMet")]
    [InlineData("""{"kind": "Widget", "metadata": {"generation": 2}, "status": {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True"}]}}""", "False", "NotObserved")]
    [InlineData("""{"kind": "Widget", "metadata": {"generation": 2}, "status": {"observedGeneration": 2, "conditions": [{"type": "Ready", "status": "True", "reason": "Done"}]}}""", "True", "Done")]
    [InlineData("""{"kind": "Widget", "metadata": {"generation": 2}, "status": {"conditions": [{"type": "Ready", "status": "Unknown", "reason": "Busy"}]}}""", "Unknown", "Busy")]
    [InlineData("""{"kind": "Widget", "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Reconciling", "status": "True"}]}}""", "False", "Reconciling")]
    [InlineData("""{"kind": "Widget", "status": {"conditions": [{"type": "Stalled", "status": "True", "reason": "NoDisk"}]}}""", "False", "NoDisk")]
    [InlineData("""{"apiVersion": "batch.volcano.sh/v1alpha1", "kind": "Job", "status": {"state": {"phase": "Running"}}}""", "True", "Exists")]
    [InlineData("""{"apiVersion": "apps.example.org/v1", "kind": "Deployment", "metadata": {"generation": 2}, "status": {"conditions": [{"type": "Ready", "status": "True", "reason": "Up"}]}}""", "True", "Up")]
    [InlineData("""{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "status": {"conditions": [{"type": "NamesAccepted", "status": "False", "reason": "PluralConflict"}]}}""", "False", "PluralConflict")]
    [InlineData("""{"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "status": {"conditions": [{"type": "Available", "status": "False", "reason": "MissingEndpoints"}]}}""", "False", "NotAvailable")]
    [InlineData("""{"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "status": {"conditions": [{"type": "Available", "status": "True"}]}}""", "True", "Available")]
    [InlineData("""{"kind": "Job", "status": {"conditions": [{"type": "Suspended", "status": "True"}]}}""", "True", "Suspended")]
    [InlineData("""{"kind": "Pod", "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}}""", "False", "Unschedulable")]
    [InlineData("""{"kind": "Service", "spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {"ingress": []}}}""", "False", "AddressPending")]
    [InlineData("""{"kind": "ReplicaSet", "spec": {"replicas": 2}, "status": {"conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}]}}""", "False", "ReplicaFailure")]
    [InlineData("""{"kind": "ReplicaSet", "spec": {"replicas": 1}, "status": {"availableReplicas": 1, "conditions": [{"type": "ReplicaFailure", "status": "True"}]}}""", "True", "MinimumAvailable")]
    [InlineData("""{"kind": "ConfigMap", "metadata": {"deletionTimestamp": "2026-01-02T03:04:05Z"}}""", "False", "Terminating")]
    [InlineData("""{"apiVersion": "example.org/v1", "kind": "Widget", "metadata": {"generation": 2}, "status": {"conditions": [{"type": "Ready", "status": "True", "observedGeneration": 1}]}}""", "False", "NotObserved")]
    [InlineData("""{"apiVersion": "example.org/v1", "kind": "Widget", "metadata": {"generation": 2}, "status": {"conditions": [{"type": "Ready", "status": "True", "reason": "Up", "observedGeneration": 2}]}}""", "True", "Up")]
    public void Of_ByKind_SaysWhetherItWorks(string live, string status, string reason)
    {
        Availability available = Availability.Of(Samples.Object(live));

        Assert.Equal((status, reason), (available.Status, available.Reason));
    }

    /// <summary>What a controller says of it is what whoever waits for it reads.</summary>
    [Theory]
    [InlineData("""{"kind": "Pod", "status": {"conditions": [{"type": "Ready", "status": "False", "message": "containers with unready status: [web]"}]}}""", "containers with unready status: [web]")]
    [InlineData("""{"kind": "ReplicaSet", "status": {"conditions": [{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: small"}]}}""", "0 of 1 replicas are available: exceeded quota: small")]
    [InlineData("""{"kind": "Pod"}""", "Ready is not true yet")]
    [InlineData("""{"kind": "Deployment", "metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 1, "availableReplicas": 2}}""", "1 of 2 replicas are new")]
    [InlineData("""{"kind": "Deployment", "metadata": {"generation": 2}, "spec": {"replicas": 2}, "status": {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 2, "availableReplicas": 3}}""", "1 former replicas are still there")]
    public void Of_NotAvailable_SaysWhy(string live, string message) => Assert.Equal(message, Availability.Of(Samples.Object(live)).Message);
}
