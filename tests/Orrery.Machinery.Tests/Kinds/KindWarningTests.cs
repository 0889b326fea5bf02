using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;
using Orrery.Machinery.Kinds.Warnings;

namespace Orrery.Machinery.Tests.Kinds;

/// <summary>What upstream tells of objects that it takes: read out of its rules, where no answer with a warning was recorded.</summary>
public sealed class KindWarningTests
{
    private const string Hostname = "a DNS label is recommended: [must not contain dots]";

    [Theory]
    [InlineData("""{"nodeSelector":{"beta.kubernetes.io/os":"linux"}}""", "spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead")]
    [InlineData("""{"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"failure-domain.beta.kubernetes.io/zone","operator":"Exists"}]}]}}}}""", "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead")]
    [InlineData("""{"affinity":{"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1,"preference":{"matchExpressions":[{"key":"a","operator":"In","values":["-"]}]}}]}}}""", "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values[0]: - is invalid, a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')")]
    [InlineData("""{"topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"beta.kubernetes.io/arch","whenUnsatisfiable":"ScheduleAnyway"}]}""", "spec.topologySpreadConstraints[0].topologyKey: beta.kubernetes.io/arch is deprecated since v1.14; use \"kubernetes.io/arch\" instead|spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod")]
    [InlineData("""{"affinity":{"podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"x"}]},"podAntiAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1,"podAffinityTerm":{"topologyKey":"x"}}]}}}""", "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null labelSelector results in matching no pod|spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.labelSelector: a null labelSelector results in matching no pod")]
    [InlineData("""{"volumes":[{"name":"v","gitRepo":{"repository":"r"}},{"name":"w","rbd":{}}]}""", "spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+|spec.volumes[1].rbd: deprecated in v1.28, non-functional in v1.31+")]
    [InlineData("""{"volumes":[{"name":"v","configMap":{"name":"m","items":[{"key":"a","path":"x"},{"key":"b","path":"x/y"}]}}]}""", "volume \"v\" (ConfigMap \"m\"): overlapping paths: \"x/y\" with \"x\"")]
    [InlineData("""{"volumes":[{"name":"v","projected":{"sources":[{"serviceAccountToken":{"path":"token"}},{"secret":{"name":"s","items":[{"key":"a","path":"token"}]}}]}}]}""", "volume \"v\" (Projected Secret \"s\"): overlapping paths: \"token\" with \"token\"")]
    [InlineData("""{"volumes":[{"name":"v","ephemeral":{"volumeClaimTemplate":{"spec":{"resources":{"requests":{"storage":"1500m"}}}}}}]}""", "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources.requests[storage]: fractional byte value \"1500m\" is invalid, must be an integer")]
    [InlineData("""{"hostAliases":[{"ip":"::1"},{"ip":"::1"},{"ip":"0:0::2"}]}""", "spec.hostAliases[1].ip: duplicate ip \"::1\"|spec.hostAliases[2].ip: IPv6 address \"0:0::2\" should be in RFC 5952 canonical format (\"::2\")")]
    [InlineData("""{"imagePullSecrets":[{"name":"a"},{"name":"a"},{"name":""}]}""", "spec.imagePullSecrets[1].name: duplicate name \"a\"|spec.imagePullSecrets[2].name: invalid empty name \"\"")]
    [InlineData("""{"containers":[{"name":"c","resources":{"limits":{"memory":"100m"},"requests":{"memory":"100m","cpu":"100m"}}}]}""", "spec.containers[0].resources.limits[memory]: fractional byte value \"100m\" is invalid, must be an integer|spec.containers[0].resources.requests[memory]: fractional byte value \"100m\" is invalid, must be an integer")]
    [InlineData("""{"containers":[{"name":"c","env":[{"name":"A","value":"1"},{"name":"A","value":"$(A)2"},{"name":"A","value":"3"},{"name":"A","valueFrom":{}}]}]}""", "spec.containers[0].env[2]: hides previous definition of \"A\", which may be dropped when using apply|spec.containers[0].env[3]: hides previous definition of \"A\", which may be dropped when using apply")]
    [InlineData("""{"initContainers":[{"name":"i","ports":[{"containerPort":80,"protocol":"TCP"}]}],"containers":[{"name":"c","ports":[{"containerPort":80,"protocol":"TCP"},{"containerPort":80,"protocol":"TCP","hostPort":81},{"containerPort":80,"protocol":"TCP","hostPort":81,"hostIP":"1.2.3.4"}]}]}""", "spec.containers[0].ports[0]: duplicate port definition with spec.initContainers[0].ports[0]|spec.containers[0].ports[1]: overlapping port definition with spec.initContainers[0].ports[0]|spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]|spec.containers[0].ports[2]: overlapping port definition with spec.initContainers[0].ports[0]|spec.containers[0].ports[2]: overlapping port definition with spec.containers[0].ports[0]|spec.containers[0].ports[2]: dangerously ambiguous port definition with spec.containers[0].ports[1]")]
    [InlineData("""{"containers":[{"name":"c","ports":[{"name":"p","containerPort":1,"protocol":"TCP","hostIP":"1.2.3.4"},{"name":"p","containerPort":2,"protocol":"TCP"}]}]}""", "spec.containers[0].ports[0]: hostIP set without hostPort: {Name:p HostPort:0 ContainerPort:1 Protocol:TCP HostIP:1.2.3.4}|spec.containers[0].ports[1]: duplicate port name \"p\" with spec.containers[0].ports[0], services and probes that select ports by name will use spec.containers[0].ports[0]")]
    [InlineData("""{"terminationGracePeriodSeconds":-1,"dnsConfig":{"nameservers":["::ffff:1.2.3.4"]}}""", "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1|spec.dnsConfig.nameservers[0]: non-standard IP address \"::ffff:1.2.3.4\" is invalid: use \"1.2.3.4\"")]
    [InlineData("""{"containers":[{"name":"c","env":[{"name":"A","value":"1"},{"name":"B","value":"1"}],"ports":[{"name":"a","containerPort":1},{"name":"b","containerPort":2}],"resources":{"limits":{"memory":"1Gi"}}}],"hostAliases":[{"ip":"1.2.3.4"}],"volumes":[{"name":"t","projected":{"sources":[{"serviceAccountToken":{"path":"token"}},{"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}},{"downwardAPI":{"items":[{"path":"namespace"}]}}]}}]}""", "")]
    public void Of_APodsSpec_AreUpstreams(string spec, string warnings)
    {
        Assert.Equal(warnings, Warnings("v1", "Pod", $$"""{"metadata":{"name":"p"},"spec":{{spec}} }"""));
        string inTemplate = string.Join('|', warnings.Split('|', StringSplitOptions.RemoveEmptyEntries).Select(w => w.StartsWith("spec.", StringComparison.Ordinal) ? $"spec.template.{w.Replace("with spec.", "with spec.template.spec.", StringComparison.Ordinal).Replace("use spec.", "use spec.template.spec.", StringComparison.Ordinal)}" : w));
        Assert.Equal(inTemplate, Warnings("apps/v1", "Deployment", $$"""{"metadata":{"name":"d"},"spec":{"template":{"spec":{{spec}} } } }"""));
    }

    [Theory]
    [InlineData("v1", "Pod", """{"metadata":{"name":"a.b"},"spec":{}}""", "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; " + Hostname)]
    [InlineData("v1", "Pod", """{"metadata":{"name":"p","annotations":{"scheduler.alpha.kubernetes.io/critical-pod":"","container.seccomp.security.alpha.kubernetes.io/c":"x","container.apparmor.security.beta.kubernetes.io/c":"y"}},"spec":{"containers":[{"name":"c"}]}}""", "metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the \"priorityClassName\" field instead|metadata.annotations[container.seccomp.security.alpha.kubernetes.io/c]: non-functional in v1.27+; use the \"seccompProfile\" field instead|metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: deprecated since v1.30; use the \"appArmorProfile\" field instead")]
    [InlineData("apps/v1", "Deployment", """{"metadata":{"name":"a.b"},"spec":{}}""", "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; " + Hostname)]
    [InlineData("batch/v1", "CronJob", """{"metadata":{"name":"a.b"},"spec":{"jobTemplate":{"spec":{"template":{"spec":{"nodeSelector":{"beta.kubernetes.io/os":""}}}}}}}""", "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; " + Hostname + "|spec.jobTemplate.spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead")]
    [InlineData("batch/v1", "Job", """{"metadata":{"name":"j"},"spec":{"completionMode":"Indexed","completions":100001,"parallelism":10001}}""", "spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail")]
    [InlineData("apps/v1", "StatefulSet", """{"metadata":{"name":"a.b"},"spec":{"revisionHistoryLimit":-1,"volumeClaimTemplates":[{"spec":{"resources":{"requests":{"storage":"1m"}}}}]}}""", "spec.volumeClaimTemplates[0].resources.requests[storage]: fractional byte value \"1m\" is invalid, must be an integer|spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended")]
    [InlineData("v1", "Service", """{"metadata":{"name":"s"},"spec":{"type":"ClusterIP","clusterIP":"None","sessionAffinity":"None"}}""", "")]
    [InlineData("v1", "Service", """{"metadata":{"name":"s","annotations":{"service.kubernetes.io/topology-aware-hints":"auto"}},"spec":{"type":"ClusterIP","clusterIP":"None","sessionAffinity":"ClientIP","loadBalancerIP":"1.2.3.4","externalIPs":["fd00:0::1"],"trafficDistribution":"PreferClose","externalName":"x"}}""", "annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead|spec.loadBalancerIP is ignored for headless services|spec.externalIPs is ignored for headless services|spec.SessionAffinity is ignored for headless services|spec.externalIPs[0]: IPv6 address \"fd00:0::1\" should be in RFC 5952 canonical format (\"fd00::1\")|spec.externalName is ignored when spec.type is not \"ExternalName\"|spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"")]
    [InlineData("v1", "Service", """{"metadata":{"name":"s"},"spec":{"type":"ExternalName","externalName":"x","externalIPs":["1.2.3.4"],"loadBalancerSourceRanges":["10.0.0.1/8","fd00:0::/64"]}}""", "spec.loadBalancerSourceRanges[0]: CIDR value \"10.0.0.1/8\" is ambiguous in this context (should be \"10.0.0.0/8\" or \"10.0.0.1/32\"?)|spec.loadBalancerSourceRanges[1]: IPv6 CIDR value \"fd00:0::/64\" should be in RFC 5952 canonical format (\"fd00::/64\")|spec.externalIPs is ignored when spec.type is \"ExternalName\"")]
    [InlineData("discovery.k8s.io/v1", "EndpointSlice", """{"addressType":"FQDN","endpoints":[{"addresses":["a.b"]}]}""", "spec.addressType: FQDN endpoints are deprecated")]
    [InlineData("discovery.k8s.io/v1", "EndpointSlice", """{"addressType":"IPv6","endpoints":[{"addresses":["fd00:0::1"]}]}""", "endpoints[0].addresses[0]: IPv6 address \"fd00:0::1\" should be in RFC 5952 canonical format (\"fd00::1\")")]
    [InlineData("v1", "Endpoints", """{"subsets":[{"addresses":[{"ip":"fd00:0::1"}]}]}""", "subsets[0].addresses[0].ip: IPv6 address \"fd00:0::1\" should be in RFC 5952 canonical format (\"fd00::1\")")]
    [InlineData("networking.k8s.io/v1", "Ingress", """{"metadata":{"annotations":{"kubernetes.io/ingress.class":"nginx"}},"spec":{}}""", "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead")]
    [InlineData("networking.k8s.io/v1", "NetworkPolicy", """{"spec":{"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.1/8","except":["10.0.0.0/24"]}}]}]}}""", "spec.ingress[0].from[0].ipBlock.cidr: CIDR value \"10.0.0.1/8\" is ambiguous in this context (should be \"10.0.0.0/8\" or \"10.0.0.1/32\"?)")]
    [InlineData("v1", "PersistentVolume", """{"metadata":{"annotations":{"volume.beta.kubernetes.io/storage-class":"","volume.beta.kubernetes.io/mount-options":""}},"spec":{"persistentVolumeReclaimPolicy":"Recycle","storageos":{},"nodeAffinity":{"required":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"beta.kubernetes.io/os","operator":"Exists"}]}]}}}}""", "metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use \"storageClassName\" attribute instead|metadata.annotations[volume.beta.kubernetes.io/mount-options]: deprecated since v1.31; use \"mountOptions\" attribute instead|spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.|spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/os is deprecated since v1.14; use \"kubernetes.io/os\" instead|spec.storageOS: deprecated in v1.22, non-functional in v1.25+")]
    [InlineData("v1", "PersistentVolumeClaim", """{"metadata":{"annotations":{"volume.beta.kubernetes.io/storage-class":"x"}},"spec":{"resources":{"requests":{"storage":"100m"}}}}""", "metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use \"storageClassName\" attribute instead|spec.resources.requests[storage]: fractional byte value \"100m\" is invalid, must be an integer")]
    [InlineData("v1", "Node", """{"spec":{"externalID":"x","configSource":{}}}""", "spec.configSource: the feature is removed|spec.externalID: this field is deprecated, and is unused by Kubernetes")]
    [InlineData("v1", "ServiceAccount", """{"metadata":{"annotations":{"kubernetes.io/enforce-mountable-secrets":"true"}}}""", "metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets")]
    [InlineData("v1", "ConfigMap", """{"metadata":{"name":"a.b"},"data":{"a":"b"}}""", "")]
    public void Of_AnObject_AreUpstreams(string apiVersion, string kind, string json, string warnings) => Assert.Equal(warnings, Warnings(apiVersion, kind, json));

    /// <summary>Of what was there before, only what somebody asks for again is told again.</summary>
    [Theory]
    [InlineData("v1", "Pod", """{"metadata":{"name":"a.b"},"spec":{"terminationGracePeriodSeconds":-1}}""", 1, "")]
    [InlineData("apps/v1", "Deployment", """{"metadata":{"name":"a.b"},"spec":{"template":{"spec":{"terminationGracePeriodSeconds":-1}}}}""", 1, "")]
    [InlineData("apps/v1", "Deployment", """{"metadata":{"name":"a.b"},"spec":{"template":{"spec":{"terminationGracePeriodSeconds":-1}}}}""", 2, "spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1")]
    [InlineData("batch/v1", "CronJob", """{"metadata":{"name":"c"},"spec":{"schedule":"TZ=UTC * * * * *"}}""", 1, "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details")]
    [InlineData("v1", "ServiceAccount", """{"metadata":{"annotations":{"kubernetes.io/enforce-mountable-secrets":"true"}}}""", 1, "")]
    [InlineData("v1", "Service", """{"spec":{"type":"ClusterIP","externalName":"x"}}""", 1, "spec.externalName is ignored when spec.type is not \"ExternalName\"")]
    public void Of_AnUpdate_AreUpstreams(string apiVersion, string kind, string json, int generation, string warnings)
    {
        JsonObject old = JsonNode.Parse(json)!.AsObject();
        old.ObjectAt("metadata")["generation"] = 1;
        var o = (JsonObject)old.DeepClone();
        o.Metadata["generation"] = generation;

        Assert.Equal(warnings, string.Join('|', KindWarnings.Of(GroupVersionKind.From(apiVersion, kind), o, old)));
    }

    /// <summary>A real server took all of these without a word but for fields that it does not know.</summary>
    [Fact]
    public void Of_EachRecordedObject_AreNone()
    {
        var said = new List<string>();
        int objects = 0;
        foreach (RecordedStep step in Recordings.Steps().Where(s => s.Json["expect"] is not null && s.Status is 200 or 201 && s.Method is "POST" or "PUT" or "PATCH" && s.Answer?["metadata"] is JsonObject))
        {
            JsonObject o = step.Answer!;
            objects++;
            said.AddRange(KindWarnings.Of(GroupVersionKind.From(o.ApiVersion, o.Kind), o, null).Select(w => $"{step.Name}: {w}"));
        }

        Assert.Empty(said);
        Assert.InRange(objects, 100, int.MaxValue);
    }

    private static string Warnings(string apiVersion, string kind, string json) =>
        string.Join('|', KindWarnings.Of(GroupVersionKind.From(apiVersion, kind), JsonNode.Parse(json)!.AsObject(), null));
}
