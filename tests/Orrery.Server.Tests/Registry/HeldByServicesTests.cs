using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Registry;
using Orrery.Storage;

namespace Orrery.Server.Tests.Registry;

public sealed class HeldByServicesTests
{
    private static readonly ClusterName Shop = new("acme", "shop");
    private static readonly ClusterName Bank = new("acme", "bank");

    private readonly HeldByServices held;
    private int reads;

    public HeldByServicesTests() => held = new HeldByServices(Read);

    [Fact]
    public void ByOthers_AskedAgain_ReadsWhatChanged()
    {
        CachedObject a = Service(Shop, "a", "10.0.0.1", 1), b = Service(Shop, "b", "10.0.0.2", 2);

        Assert.Equal(["10.0.0.1", "10.0.0.2"], ByOthers(Shop, [a, b], "/another").Order());
        Assert.Equal(["10.0.0.2"], ByOthers(Shop, [a, b], a.Key));
        Assert.Equal(2, reads);

        Assert.Equal(["10.0.0.2", "10.0.0.3"], ByOthers(Shop, [Service(Shop, "a", "10.0.0.3", 3), b], "/another").Order());
        Assert.Equal(3, reads);
        Assert.Equal(["10.0.0.2"], ByOthers(Shop, [b], "/another"));
        Assert.Equal(3, reads);
    }

    [Fact]
    public void ByOthers_OfAnotherCluster_KnowsNothingOfTheFirst()
    {
        Assert.Equal(["10.0.0.1"], ByOthers(Shop, [Service(Shop, "a", "10.0.0.1", 1)], ""));
        Assert.Equal(["10.0.0.9"], ByOthers(Bank, [Service(Bank, "a", "10.0.0.9", 1)], ""));
        Assert.Equal(["10.0.0.1"], ByOthers(Shop, [Service(Shop, "a", "10.0.0.1", 1)], ""));
    }

    private HashSet<string> ByOthers(ClusterName cluster, CachedObject[] services, string except) => held.ByOthers(cluster, services, except);

    private IEnumerable<string> Read(JsonObject spec)
    {
        reads++;
        return [spec.TextAt("clusterIP")!];
    }

    private static CachedObject Service(ClusterName cluster, string name, string address, long revision)
    {
        string key = StoreKey.Of(new GroupResource("", "services"), cluster, "default", name);
        byte[] json = Encoding.UTF8.GetBytes($$$"""{"apiVersion":"v1","kind":"Service","metadata":{"name":"{{{name}}}"},"spec":{"clusterIP":"{{{address}}}"}}""");
        return CachedObject.From(new StoredValue(key, json, revision, revision))!;
    }
}
