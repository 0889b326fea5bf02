using System.Collections.Frozen;
using Orrery.Api;
using Orrery.Machinery.Kinds.Apps;
using Orrery.Machinery.Kinds.Batch;
using Orrery.Machinery.Kinds.Core;
using Orrery.Machinery.Kinds.Devices;
using Orrery.Machinery.Kinds.FlowControl;
using Orrery.Machinery.Kinds.Networking;
using Orrery.Machinery.Kinds.Policies;
using Orrery.Machinery.Kinds.Rbac;
using Orrery.Machinery.Kinds.Registration;

namespace Orrery.Machinery.Kinds;

/// <summary>Which rule serves which kind.</summary>
internal static class KindCatalogue
{
    private static readonly FrozenDictionary<(string Group, string Version, string Kind), KindRule> Rules = new Dictionary<(string, string, string), KindRule>
    {
        [("", "v1", "ConfigMap")] = new ConfigMapRule(),
        [("", "v1", "Endpoints")] = new EndpointsRule(),
        [("", "v1", "Event")] = new EventRule(),
        [("", "v1", "LimitRange")] = new LimitRangeRule(),
        [("", "v1", "Namespace")] = new NamespaceRule(),
        [("", "v1", "Node")] = new NodeRule(),
        [("", "v1", "PersistentVolume")] = new PersistentVolumeRule(),
        [("", "v1", "PersistentVolumeClaim")] = new PersistentVolumeClaimRule(),
        [("", "v1", "Pod")] = new PodRule(),
        [("", "v1", "PodTemplate")] = new PodTemplateRule(),
        [("", "v1", "ReplicationController")] = new ReplicationControllerRule(),
        [("", "v1", "ResourceQuota")] = new ResourceQuotaRule(),
        [("", "v1", "Secret")] = new SecretRule(),
        [("", "v1", "ServiceAccount")] = new ServiceAccountRule(),
        [("", "v1", "Service")] = new ServiceRule(),
        [("admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicy")] = new MutatingPolicyRule(),
        [("admissionregistration.k8s.io", "v1", "MutatingAdmissionPolicyBinding")] = new PolicyBindingRule(validating: false),
        [("admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration")] = new WebhookConfigurationRule(mutating: true),
        [("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicy")] = new ValidatingPolicyRule(),
        [("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicyBinding")] = new PolicyBindingRule(validating: true),
        [("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration")] = new WebhookConfigurationRule(mutating: false),
        [("apiextensions.k8s.io", "v1", "CustomResourceDefinition")] = new CustomResourceDefinitionRule(),
        [("apiregistration.k8s.io", "v1", "APIService")] = new ApiServiceRule(),
        [("apps", "v1", "ControllerRevision")] = new ControllerRevisionRule(),
        [("apps", "v1", "DaemonSet")] = new DaemonSetRule(),
        [("apps", "v1", "Deployment")] = new DeploymentRule(),
        [("apps", "v1", "ReplicaSet")] = new ReplicaSetRule(),
        [("apps", "v1", "StatefulSet")] = new StatefulSetRule(),
        [("autoscaling", "v1", "HorizontalPodAutoscaler")] = new HorizontalPodAutoscalerV1Rule(),
        [("autoscaling", "v2", "HorizontalPodAutoscaler")] = new HorizontalPodAutoscalerRule(),
        [("batch", "v1", "CronJob")] = new CronJobRule(),
        [("batch", "v1", "Job")] = new JobRule(),
        [("certificates.k8s.io", "v1", "CertificateSigningRequest")] = new CertificateSigningRequestRule(),
        [("coordination.k8s.io", "v1", "Lease")] = new LeaseRule(),
        [("discovery.k8s.io", "v1", "EndpointSlice")] = new EndpointSliceRule(),
        [("events.k8s.io", "v1", "Event")] = new NewEventRule(),
        [("flowcontrol.apiserver.k8s.io", "v1", "FlowSchema")] = new FlowSchemaRule(),
        [("flowcontrol.apiserver.k8s.io", "v1", "PriorityLevelConfiguration")] = new PriorityLevelRule(),
        [("networking.k8s.io", "v1", "IPAddress")] = new IpAddressRule(),
        [("networking.k8s.io", "v1", "Ingress")] = new IngressRule(),
        [("networking.k8s.io", "v1", "IngressClass")] = new IngressClassRule(),
        [("networking.k8s.io", "v1", "NetworkPolicy")] = new NetworkPolicyRule(),
        [("networking.k8s.io", "v1", "ServiceCIDR")] = new ServiceCidrRule(),
        [("policy", "v1", "PodDisruptionBudget")] = new PodDisruptionBudgetRule(),
        [("rbac.authorization.k8s.io", "v1", "ClusterRole")] = new RoleRule(clusterWide: true),
        [("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding")] = new RoleBindingRule(clusterWide: true),
        [("rbac.authorization.k8s.io", "v1", "Role")] = new RoleRule(clusterWide: false),
        [("rbac.authorization.k8s.io", "v1", "RoleBinding")] = new RoleBindingRule(clusterWide: false),
        [("resource.k8s.io", "v1", "DeviceClass")] = new DeviceClassRule(),
        [("resource.k8s.io", "v1", "ResourceClaim")] = new ResourceClaimRule(),
        [("resource.k8s.io", "v1", "ResourceClaimTemplate")] = new ResourceClaimTemplateRule(),
        [("resource.k8s.io", "v1", "ResourceSlice")] = new ResourceSliceRule(),
        [("scheduling.k8s.io", "v1", "PriorityClass")] = new PriorityClassRule(),
        [("node.k8s.io", "v1", "RuntimeClass")] = new RuntimeClassRule(),
        [("storage.k8s.io", "v1", "CSIDriver")] = new CsiDriverRule(),
        [("storage.k8s.io", "v1", "CSINode")] = new CsiNodeRule(),
        [("storage.k8s.io", "v1", "CSIStorageCapacity")] = new CsiStorageCapacityRule(),
        [("storage.k8s.io", "v1", "VolumeAttachment")] = new VolumeAttachmentRule(),
        [("storage.k8s.io", "v1", "VolumeAttributesClass")] = new VolumeAttributesClassRule(),
        [("storage.k8s.io", "v1", "StorageClass")] = new StorageClassRule(),
    }.ToFrozenDictionary();

    public static KindRule? Find(GroupVersionKind kind) => Rules.GetValueOrDefault((kind.Group, kind.Version, kind.Kind));
}
