namespace Orrery.Api.Tests;

public sealed class NamespaceMappingTests
{
    [Fact]
    public void Map_PlainParts_ReadsAsTheyAre() =>
        Assert.Equal("acme-shop-default", NamespaceMapping.Map("acme", new ClusterName("acme", "shop"), "default"));

    [Theory]
    [InlineData("a-b", "a-b", "c", "d")]
    [InlineData("a", "a", "b-c", "d")]
    [InlineData("acme", "other", "shop", "default")]
    [InlineData("acme", "acme", "shop", "web-0123456789")]
    [InlineData("acme", "acme", "shop", "0123456789")]
    [InlineData("acme", "acme", "sh.op", "default")]
    [InlineData("acme", "acme", "shop", "a-namespace-of-which-the-name-is-longer-than-the-mapped-name-a")]
    public void Map_Ambiguous_CarriesAHash(string tenant, string rootNamespace, string cluster, string name)
    {
        string mapped = NamespaceMapping.Map(tenant, new ClusterName(rootNamespace, cluster), name);
        Assert.Matches("^[a-z0-9][a-z0-9-]*-[0-9a-f]{10}$", mapped);
        Assert.InRange(mapped.Length, 12, 63);
        Assert.Empty(Names.CheckDns1123Label(mapped));
    }

    [Fact]
    public void Map_NamespacesThatWouldReadAlike_Differ()
    {
        // Every way to split one text into tenant, cluster and namespace, with one part more as the root namespace.
        string[] words = ["a", "b", "c", "a-b", "b-c", "a-b-c", "0123456789", "a-0123456789"];
        var seen = new Dictionary<string, string>();
        foreach (string tenant in words)
        {
            foreach (string root in new[] { tenant, "r" })
            {
                foreach (string cluster in words)
                {
                    foreach (string name in words)
                    {
                        string identity = $"{tenant}/{root}/{cluster}/{name}";
                        string mapped = NamespaceMapping.Map(tenant, new ClusterName(root, cluster), name);
                        Assert.True(seen.TryAdd(mapped, identity), $"{identity} and {seen.GetValueOrDefault(mapped)} are both {mapped}");
                    }
                }
            }
        }

        Assert.Equal(words.Length * 2 * words.Length * words.Length, seen.Count);
    }

    [Fact]
    public void Map_HashedNameAsNamespace_DoesNotMeetIt()
    {
        var cluster = new ClusterName("acme", "shop");
        string longName = new('x', 63);
        string hashed = NamespaceMapping.Map("acme", cluster, longName);
        Assert.NotEqual(hashed, NamespaceMapping.Map("acme", cluster, hashed["acme-shop-".Length..]));
    }
}
