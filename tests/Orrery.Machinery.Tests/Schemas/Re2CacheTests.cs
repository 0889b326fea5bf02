using System.Text.RegularExpressions;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Tests.Schemas;

public sealed class Re2CacheTests
{
    [Fact]
    public void Forget_OfWhatNobodyUses_DropsItAndLeavesTheRest()
    {
        var cache = new Re2Cache();
        var used = new Regex("a");
        cache.Add("used", used);
        cache.Add("unused", new Regex("b"));

        long given = 0;
        for (int look = 0; look <= Re2Cache.LooksKept; look++)
        {
            Assert.Equal(0, given);
            given = cache.Forget();
            Assert.Same(used, cache.Find("used"));
        }

        Assert.InRange(given, 1, long.MaxValue);
        Assert.Null(cache.Find("unused"));
        Assert.Equal(1, cache.Count);
    }

    [Fact]
    public void Add_MoreThanAreKept_KeepsNoMore()
    {
        var cache = new Re2Cache();
        var regex = new Regex("a");

        for (int i = 0; i <= 3 * Re2Cache.Most; i++)
        {
            cache.Add($"{i}", regex);
            Assert.InRange(cache.Count, 1, Re2Cache.Most);
            Assert.Same(regex, cache.Find($"{i}"));
        }
    }

    [Fact]
    public void Fault_OfAPatternThatIsOnlyLookedAt_KeepsNothingOfIt()
    {
        const string pattern = "^only looked at\\p{Lu}$";

        Assert.Null(Re2.Fault(pattern));
        Assert.Null(Re2.Fault("[" + pattern + "]"));

        Assert.False(Re2.IsKept(pattern));
        Assert.False(Re2.IsKept("\\p{Lu}"));
    }

    [Fact]
    public void Fault_OfAPatternThatWasLookedAtBefore_MakesItNoMore()
    {
        const string pattern = "^looked at again\\p{Lu}$";
        Assert.Null(Re2.Fault(pattern));

        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Null(Re2.Fault(pattern));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }
}
