using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Tests.Schemas;

public sealed class BuiltinTypesTests
{
    private static readonly BuiltinTypes Types = BuiltinTypes.Instance;

    [Fact]
    public void FindByName_EveryName_IsBuiltWithAllThatItRefersTo()
    {
        int fields = 0;
        foreach (string name in Types.Names)
        {
            Schema schema = Types.FindByName(name)!;
            Assert.Equal(name, schema.Name);
            fields += schema.Properties.Count;
            Assert.All(schema.Properties.Values, p => Assert.True(p.Type != SchemaType.Any || p.Name is not null, name));
        }

        Assert.Equal(578, Types.Names.Count());
        Assert.Equal(2428, fields);
    }

    [Fact]
    public void Find_Deployment_LeadsToContainersWithMergeKeys()
    {
        Schema deployment = Types.Find(new GroupVersionKind("apps", "v1", "Deployment"))!;
        Schema containers = deployment.Properties["spec"].Properties["template"].Properties["spec"].Properties["containers"];
        Assert.Equal(ListType.Map, containers.ListType);
        Assert.Equal(["name"], containers.ListMapKeys);
        Assert.Equal("name", containers.PatchMergeKey);
        Assert.Equal("io.k8s.api.core.v1.Container", containers.Items!.Name);
        Assert.Equal(["containers"], deployment.Properties["spec"].Properties["template"].Properties["spec"].Required);
    }

    [Fact]
    public void Find_ReferenceWithFactsOfItsOwn_KeepsThemAndTheTargetsShape()
    {
        Schema strategy = Types.FindByName("io.k8s.api.apps.v1.DeploymentSpec")!.Properties["strategy"];
        Assert.Equal(["retainKeys"], strategy.PatchStrategies);
        Assert.Equal("io.k8s.api.apps.v1.DeploymentStrategy", strategy.Name);
        Assert.Contains("rollingUpdate", strategy.Properties.Keys);
        Assert.Empty(Types.FindByName("io.k8s.api.apps.v1.DeploymentStrategy")!.PatchStrategies);
    }

    [Fact]
    public void Find_TypeThatRefersToItself_IsACycleInMemory()
    {
        Schema props = Types.FindByName(BuiltinSchemaBuilder.SchemaProps)!;
        Assert.Same(props, props.Properties["not"]);
    }

    [Fact]
    public void Find_SpecialTypes_SayWhatTheyAccept()
    {
        Assert.True(Types.FindByName(BuiltinSchemaBuilder.IntOrString)!.IntOrString);
        Assert.Equal("quantity", Types.FindByName(BuiltinSchemaBuilder.Quantity)!.Format);
        Assert.True(Types.FindByName("io.k8s.apimachinery.pkg.runtime.RawExtension")!.PreserveUnknownFields);
        Assert.Null(Types.FindByName("io.k8s.api.core.v1.Nope"));
        Assert.Null(Types.Find(new GroupVersionKind("apps", "v1", "Nope")));
    }

    [Fact]
    public void Resources_Deployments_CarryDiscoveryFacts()
    {
        Assert.Equal(68, Types.Resources.Count);
        BuiltinResource deployments = Types.FindResource(new GroupVersionResource("apps", "v1", "deployments"))!;
        Assert.Equal("deployment", deployments.Singular);
        Assert.Equal(["deploy"], deployments.ShortNames);
        Assert.Equal(["all"], deployments.Categories);
        Assert.True(deployments.Namespaced);
        Assert.Equal(new GroupVersionKind("autoscaling", "v1", "Scale"), deployments.Subresources.Single(s => s.Name == "scale").Kind);
        Assert.Equal(new GroupVersionKind("apps", "v1", "Deployment"), deployments.Subresources.Single(s => s.Name == "status").Kind);
        Assert.Same(deployments, Types.FindResource(new GroupVersionKind("apps", "v1", "Deployment")));
        Assert.DoesNotContain(Types.Resources, r => Types.Find(r.GroupVersionKind) is null);
    }

    [Fact]
    public void BootstrapRbac_ClusterAdmin_IsAWholeObject()
    {
        Assert.Equal(137, BootstrapRbac.Instance.Keys.Count);
        Assert.Equal(
            """{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"cluster-admin","labels":{"kubernetes.io/bootstrapping":"rbac-defaults"},"annotations":{"rbac.authorization.kubernetes.io/autoupdate":"true"}},"rules":[{"verbs":["*"],"apiGroups":["*"],"resources":["*"]},{"verbs":["*"],"nonResourceURLs":["*"]}]}""",
            BootstrapRbac.Instance.Find(new BootstrapRbacKey("ClusterRole", "", "cluster-admin"))!.ToJsonString());
        Assert.All(BootstrapRbac.Instance.Keys, k => Assert.Equal(k.Namespace, BootstrapRbac.Instance.Find(k)!.Namespace));
        Assert.Null(BootstrapRbac.Instance.Find(new BootstrapRbacKey("Role", "", "cluster-admin")));
    }
}
