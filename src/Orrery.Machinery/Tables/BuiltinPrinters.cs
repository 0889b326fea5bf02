using System.Collections.Frozen;
using Orrery.Api;

namespace Orrery.Machinery.Tables;

/// <summary>Which printer serves which kind, in any of its versions.</summary>
internal static class BuiltinPrinters
{
    private static readonly FrozenDictionary<GroupKind, TablePrinter> Printers = new Dictionary<GroupKind, TablePrinter>
    {
        [new("", "ComponentStatus")] = FlowControlPrinters.ComponentStatus,
        [new("", "ConfigMap")] = CorePrinters.ConfigMap,
        [new("", "Endpoints")] = NetworkPrinters.Endpoints,
        [new("", "Event")] = EventPrinter.Instance,
        [new("", "Namespace")] = CorePrinters.Namespace,
        [new("", "Node")] = NodePrinter.Instance,
        [new("", "PersistentVolume")] = VolumePrinters.PersistentVolume,
        [new("", "PersistentVolumeClaim")] = VolumePrinters.PersistentVolumeClaim,
        [new("", "Pod")] = PodPrinter.Instance,
        [new("", "PodTemplate")] = CorePrinters.PodTemplate,
        [new("", "ReplicationController")] = WorkloadPrinters.ReplicationController,
        [new("", "ResourceQuota")] = CorePrinters.ResourceQuota,
        [new("", "Secret")] = CorePrinters.Secret,
        [new("", "Service")] = NetworkPrinters.Service,
        [new("", "ServiceAccount")] = CorePrinters.ServiceAccount,
        [new("admissionregistration.k8s.io", "MutatingAdmissionPolicy")] = RegistrationPrinters.MutatingAdmissionPolicy,
        [new("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding")] = RegistrationPrinters.AdmissionPolicyBinding,
        [new("admissionregistration.k8s.io", "MutatingWebhookConfiguration")] = RegistrationPrinters.Webhooks,
        [new("admissionregistration.k8s.io", "ValidatingAdmissionPolicy")] = RegistrationPrinters.ValidatingAdmissionPolicy,
        [new("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding")] = RegistrationPrinters.AdmissionPolicyBinding,
        [new("admissionregistration.k8s.io", "ValidatingWebhookConfiguration")] = RegistrationPrinters.Webhooks,
        [new("apiregistration.k8s.io", "APIService")] = RegistrationPrinters.ApiService,
        [new("apps", "ControllerRevision")] = WorkloadPrinters.ControllerRevision,
        [new("apps", "DaemonSet")] = WorkloadPrinters.DaemonSet,
        [new("apps", "Deployment")] = WorkloadPrinters.Deployment,
        [new("apps", "ReplicaSet")] = WorkloadPrinters.ReplicaSet,
        [new("apps", "StatefulSet")] = WorkloadPrinters.StatefulSet,
        [new("autoscaling", "HorizontalPodAutoscaler")] = PolicyPrinters.HorizontalPodAutoscaler,
        [new("autoscaling", "Scale")] = WorkloadPrinters.Scale,
        [new("batch", "CronJob")] = JobPrinters.CronJob,
        [new("batch", "Job")] = JobPrinters.Job,
        [new("certificates.k8s.io", "CertificateSigningRequest")] = RegistrationPrinters.CertificateSigningRequest,
        [new("coordination.k8s.io", "Lease")] = PolicyPrinters.Lease,
        [new("discovery.k8s.io", "EndpointSlice")] = NetworkPrinters.EndpointSlice,
        [new("events.k8s.io", "Event")] = EventPrinter.Instance,
        [new("flowcontrol.apiserver.k8s.io", "FlowSchema")] = FlowControlPrinters.FlowSchema,
        [new("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration")] = FlowControlPrinters.PriorityLevelConfiguration,
        [new("metrics.k8s.io", "NodeMetrics")] = MetricsPrinter.Instance,
        [new("metrics.k8s.io", "PodMetrics")] = MetricsPrinter.Instance,
        [new("networking.k8s.io", "IPAddress")] = NetworkPrinters.IpAddress,
        [new("networking.k8s.io", "Ingress")] = NetworkPrinters.Ingress,
        [new("networking.k8s.io", "IngressClass")] = NetworkPrinters.IngressClass,
        [new("networking.k8s.io", "NetworkPolicy")] = NetworkPrinters.NetworkPolicy,
        [new("networking.k8s.io", "ServiceCIDR")] = NetworkPrinters.ServiceCidr,
        [new("node.k8s.io", "RuntimeClass")] = PolicyPrinters.RuntimeClass,
        [new("policy", "PodDisruptionBudget")] = PolicyPrinters.PodDisruptionBudget,
        [new("rbac.authorization.k8s.io", "ClusterRoleBinding")] = PolicyPrinters.RoleBinding,
        [new("rbac.authorization.k8s.io", "RoleBinding")] = PolicyPrinters.RoleBinding,
        [new("resource.k8s.io", "DeviceClass")] = DevicePrinters.Plain,
        [new("resource.k8s.io", "ResourceClaim")] = DevicePrinters.ResourceClaim,
        [new("resource.k8s.io", "ResourceClaimTemplate")] = DevicePrinters.Plain,
        [new("resource.k8s.io", "ResourceSlice")] = DevicePrinters.ResourceSlice,
        [new("scheduling.k8s.io", "PriorityClass")] = PolicyPrinters.PriorityClass,
        [new("storage.k8s.io", "CSIDriver")] = VolumePrinters.CsiDriver,
        [new("storage.k8s.io", "CSINode")] = VolumePrinters.CsiNode,
        [new("storage.k8s.io", "CSIStorageCapacity")] = VolumePrinters.CsiStorageCapacity,
        [new("storage.k8s.io", "StorageClass")] = VolumePrinters.StorageClass,
        [new("storage.k8s.io", "VolumeAttachment")] = VolumePrinters.VolumeAttachment,
        [new("storage.k8s.io", "VolumeAttributesClass")] = VolumePrinters.VolumeAttributesClass,
    }.ToFrozenDictionary();

    public static TablePrinter? Find(GroupKind kind) => Printers.GetValueOrDefault(kind);
}
