using Orrery.Api;
using Orrery.Commands;

namespace Orrery.Tests.Commands;

public sealed class TopCommandTests
{
    private static readonly KubeObject[] Tenancies =
    [
        KubeObject.Parse("""
            {"metadata": {"name": "acme", "namespace": "dp-par"},
             "status": {"usage": {"requested": {"cpu": "300m", "memory": "1Gi", "pods": "3", "storage": "2Gi"}, "used": {"cpu": "120m", "memory": "415495Ki"}}}}
            """u8),
        KubeObject.Parse("""
            {"metadata": {"name": "acme", "namespace": "dp-nyc"}, "status": {"usage": {"requested": {"cpu": "1", "memory": "512Mi", "pods": "2"}}}}
            """u8),
    ];

    [Fact]
    public void Tenants_OfSeveralDataPlanes_SumsWhatEachReports()
    {
        KubeObject[] tenants = [KubeObject.Parse("""{"metadata": {"name": "globex"}}"""u8), KubeObject.Parse("""{"metadata": {"name": "acme"}, "spec": {"class": "small"}}"""u8)];

        IReadOnlyList<string[]> table = TopCommand.TenantTable(TopCommand.Tenants(tenants, Tenancies));

        Assert.Equal(["acme", "small", "2", "5", "1300m", "120m", "1536Mi", "406Mi", "2Gi"], table[1]);
        Assert.Equal(["globex", "-", "0", "-", "-", "-", "-", "-", "-"], table[2]);
        Assert.Equal("415495Ki", TopCommand.Tenants(tenants, Tenancies)[0]!["used"]!["memory"]!.GetValue<string>());
    }

    [Fact]
    public void DataPlanes_WithTenantsAndWithout_ShowsWhatIsThere()
    {
        KubeObject[] planes =
        [
            KubeObject.Parse("""
                {"metadata": {"name": "par"}, "status": {"allocatable": {"cpu": "24", "memory": "96Gi"}, "conditions": [{"type": "Ready", "status": "True"}]}}
                """u8),
            KubeObject.Parse("""{"metadata": {"name": "new"}}"""u8),
        ];

        IReadOnlyList<string[]> table = TopCommand.DataPlaneTable(TopCommand.DataPlanes(planes, Tenancies));

        Assert.Equal(["new", "Unknown", "0", "-", "-", "-", "-", "-", "-", "-"], table[1]);
        Assert.Equal(["par", "True", "1", "3", "300m", "120m", "24", "1Gi", "406Mi", "96Gi"], table[2]);
    }
}
