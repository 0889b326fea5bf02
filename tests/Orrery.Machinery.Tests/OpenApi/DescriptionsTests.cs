using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;
using Orrery.Machinery.OpenApi;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Tests.OpenApi;

public sealed class DescriptionsTests
{
    private static readonly Descriptions All = Descriptions.Read();

    /// <summary>The kinds that people write most, with all that only they are made of.</summary>
    private static readonly string[] Whole =
    [
        "apps.v1.Deployment", "apps.v1.StatefulSet", "apps.v1.DaemonSet", "apps.v1.ReplicaSet", "batch.v1.Job", "batch.v1.CronJob", "core.v1.Service", "core.v1.ConfigMap", "core.v1.Secret",
        "core.v1.Namespace", "core.v1.ServiceAccount", "core.v1.PersistentVolumeClaim", "core.v1.ResourceQuota", "core.v1.LimitRange", "networking.v1.Ingress", "networking.v1.NetworkPolicy",
        "policy.v1.PodDisruptionBudget", "rbac.v1.Role", "rbac.v1.RoleBinding", "rbac.v1.ClusterRole", "rbac.v1.ClusterRoleBinding", "core.v1.Pod",
    ];

    /// <summary>A name that no type has any more, or never had, would be told to nobody.</summary>
    [Fact]
    public void All_EveryName_IsATypeOrAFieldOfOne()
    {
        Assert.All(All.All.Keys, name =>
        {
            string[] parts = name.Split(' ');
            Schema[] types = [.. BuiltinTypes.Instance.Names.Where(n => parts[0][0] == '*' ? n.EndsWith(parts[0][1..], StringComparison.Ordinal) : n == parts[0]).Select(n => BuiltinTypes.Instance.FindByName(n)!)];
            Assert.True(types.Length > 0, $"there is no type {parts[0]}");
            Assert.True(parts.Length == 1 || types.Any(t => t.Properties.ContainsKey(parts[1])), $"{parts[0]} has no field {parts[^1]}");
        });
    }

    [Fact]
    public void OfField_OfTheMostUsedKinds_IsThereForEveryFieldOfTheirSpecs()
    {
        string[] bare = [.. Whole.Select(k => "io.k8s.api." + k).SelectMany(k => (string[])[k, k + "Spec"])
            .Concat(["io.k8s.api.core.v1.Container", "io.k8s.api.core.v1.Probe", "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"])
            .Select(BuiltinTypes.Instance.FindByName).OfType<Schema>()
            .SelectMany(t => t.Properties.Keys.Where(f => All.OfField(t.Name!, f) is null).Select(f => $"{t.Name} {f}"))];

        // What is to come, or to be used by no one, is left out on purpose.
        Assert.Equal(["io.k8s.api.core.v1.NamespaceSpec finalizers", "io.k8s.api.core.v1.PodSpec hostnameOverride", "io.k8s.api.core.v1.PodSpec schedulingGroup"], bare.Order(StringComparer.Ordinal));
    }

    /// <summary>What a description says of a field that is unset is held against what the server makes of it.</summary>
    [Theory]
    [InlineData("apps/v1/Deployment", "spec", "apps.v1.DeploymentSpec", "replicas progressDeadlineSeconds revisionHistoryLimit")]
    [InlineData("apps/v1/Deployment", "spec.strategy", "apps.v1.DeploymentStrategy", "type")]
    [InlineData("apps/v1/Deployment", "spec.strategy.rollingUpdate", "apps.v1.RollingUpdateDeployment", "maxSurge maxUnavailable")]
    [InlineData("apps/v1/StatefulSet", "spec", "apps.v1.StatefulSetSpec", "replicas revisionHistoryLimit podManagementPolicy")]
    [InlineData("apps/v1/StatefulSet", "spec.updateStrategy", "apps.v1.StatefulSetUpdateStrategy", "type")]
    [InlineData("apps/v1/StatefulSet", "spec.persistentVolumeClaimRetentionPolicy", "apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy", "whenDeleted whenScaled")]
    [InlineData("apps/v1/DaemonSet", "spec", "apps.v1.DaemonSetSpec", "revisionHistoryLimit")]
    [InlineData("apps/v1/DaemonSet", "spec.updateStrategy", "apps.v1.DaemonSetUpdateStrategy", "type")]
    [InlineData("apps/v1/ReplicaSet", "spec", "apps.v1.ReplicaSetSpec", "replicas")]
    [InlineData("apps/v1/Deployment", "spec.template.spec", "core.v1.PodSpec", "terminationGracePeriodSeconds dnsPolicy restartPolicy schedulerName")]
    [InlineData("apps/v1/Deployment", "spec.template.spec.containers.0", "core.v1.Container", "terminationMessagePath")]
    [InlineData("apps/v1/Deployment", "spec.template.spec.containers.0.ports.0", "core.v1.ContainerPort", "protocol")]
    [InlineData("apps/v1/Deployment", "spec.template.spec.containers.0.livenessProbe", "core.v1.Probe", "periodSeconds timeoutSeconds successThreshold failureThreshold")]
    [InlineData("apps/v1/Deployment", "spec.template.spec.containers.0.livenessProbe.httpGet", "core.v1.HTTPGetAction", "path scheme")]
    [InlineData("batch/v1/Job", "spec", "batch.v1.JobSpec", "parallelism backoffLimit completionMode")]
    [InlineData("batch/v1/CronJob", "spec", "batch.v1.CronJobSpec", "concurrencyPolicy successfulJobsHistoryLimit failedJobsHistoryLimit")]
    [InlineData("/v1/Service", "spec", "core.v1.ServiceSpec", "type sessionAffinity internalTrafficPolicy")]
    [InlineData("/v1/Service", "spec.ports.0", "core.v1.ServicePort", "protocol")]
    [InlineData("/v1/PersistentVolumeClaim", "spec", "core.v1.PersistentVolumeClaimSpec", "volumeMode")]
    [InlineData("/v1/Secret", "", "core.v1.Secret", "type")]
    public void OfField_ThatSaysWhatHoldsWhenItIsUnset_SaysWhatTheServerTakes(string kind, string at, string type, string fields)
    {
        JsonObject json = JsonNode.Parse("""
            {"spec": {"schedule": "* * * * *", "ports": [{"port": 80}],
                      "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "web", "ports": [{"containerPort": 80}], "livenessProbe": {"httpGet": {"port": 80}}}]}}}}
            """)!.AsObject();
        string[] parts = kind.Split('/');
        KindRules.Default(new GroupVersionKind(parts[0], parts[1], parts[2]), json);

        JsonNode node = at.Split('.', StringSplitOptions.RemoveEmptyEntries).Aggregate((JsonNode)json, (n, step) => int.TryParse(step, out int index) ? n[index]! : n[step]!);
        Assert.All(fields.Split(' '), field =>
        {
            string value = node[field]!.ToString(), said = All.OfField("io.k8s.api." + type, field)!;
            Assert.True(said.Contains($"{value} when unset", StringComparison.Ordinal) || said.Contains($"{value} (when unset", StringComparison.Ordinal), $"{field} is {value} when unset, and not: {said}");
        });
    }

    [Fact]
    public void OfField_OfAnyKind_SaysWhatEveryObjectHas()
    {
        Assert.StartsWith("Name, namespace", All.OfField("io.k8s.api.storage.v1.StorageClass", "metadata"), StringComparison.Ordinal);
        Assert.Equal("True, False or Unknown.", All.OfField("io.k8s.api.apps.v1.DeploymentCondition", "status"));
        Assert.Null(All.OfField("io.k8s.api.storage.v1.StorageClass", "provisioner"));
        Assert.Null(All.OfType("io.k8s.api.storage.v1.StorageClass"));
    }

    [Fact]
    public void Document_OfAVersion3_SaysThemBesideTypesReferencesAndValues_AndTheOneOfVersion2DoesNot()
    {
        OpenApiGroupVersion apps = new("apps", "v1", [.. BuiltinTypes.Instance.Resources.Where(r => r.Resource is { Group: "apps", Version: "v1" }).Select(OpenApiResource.From)]);

        JsonNode schemas = JsonNode.Parse(apps.Document.Span)!["components"]!["schemas"]!;
        Assert.StartsWith("Keeps a number of alike pods", (string?)schemas["io.k8s.api.apps.v1.Deployment"]!["description"], StringComparison.Ordinal);
        Assert.Equal("How many pods; 1 when unset.", (string?)schemas["io.k8s.api.apps.v1.DeploymentSpec"]!["properties"]!["replicas"]!["description"]);
        JsonNode strategy = schemas["io.k8s.api.apps.v1.DeploymentSpec"]!["properties"]!["strategy"]!;
        Assert.Equal("How old pods are replaced by new ones.", (string?)strategy["description"]);
        Assert.NotNull(strategy["allOf"]);
        Assert.Null(JsonNode.Parse(SwaggerDocument.Write([apps]))!["definitions"]!["io.k8s.api.apps.v1.DeploymentSpec"]!["properties"]!["replicas"]!["description"]);
    }
}
