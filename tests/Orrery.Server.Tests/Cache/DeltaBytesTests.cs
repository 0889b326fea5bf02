using System.Text;
using Orrery.Server.Cache;

namespace Orrery.Server.Tests.Cache;

public sealed class DeltaBytesTests
{
    [Fact]
    public void Between_OtherUidAndTimes_KeepsFewBytes()
    {
        DeltaBytes basis = DeltaBytes.Whole(Definition("11111111-2222-3333-4444-555555555555", 7, ""));
        byte[] text = Definition("99999999-8888-7777-6666-555555555555", 123456, "");

        DeltaBytes delta = DeltaBytes.Between(basis, text, 1000)!;

        Assert.Equal(text, delta.ToArray());
        Assert.Equal(text.Length, delta.Length);
        Assert.InRange(delta.Kept, 1, 80);
    }

    [Fact]
    public void Between_SomethingAddedAtTheEnd_KeepsThatAlone()
    {
        DeltaBytes basis = DeltaBytes.Whole(Definition("a", 1, ""));
        byte[] text = Definition("a", 1, ",\"status\":{\"acceptedNames\":{\"plural\":\"widgets\"}}");

        DeltaBytes delta = DeltaBytes.Between(basis, text, 1000)!;

        Assert.Equal(text, delta.ToArray());
        Assert.InRange(delta.Kept, 40, 80);
    }

    [Fact]
    public void Between_NothingInCommon_IsNull() =>
        Assert.Null(DeltaBytes.Between(DeltaBytes.Whole(new byte[5000]), Encoding.ASCII.GetBytes(new string('x', 5000)), 4999));

    [Fact]
    public void Between_BasisThatIsADifferenceItself_IsMadeWhole()
    {
        DeltaBytes step = DeltaBytes.Whole(Definition("first", 1, ""));
        for (int i = 0; i < 3; i++)
        {
            step = DeltaBytes.Between(step, Definition($"uid-{i}", i, ""), 1000)!;
            Assert.Equal(Definition($"uid-{i}", i, ""), step.ToArray());
        }

        // A longer way would cost readers more than it saves.
        Assert.Null(DeltaBytes.Between(step, Definition("last", 9, ""), 1000));
    }

    /// <summary>Whatever was changed where: what comes out is what went in.</summary>
    [Fact]
    public void Between_ChangesAnywhere_AreMadeWholeAgain()
    {
        var random = new Random(4711);
        for (int round = 0; round < 2_000; round++)
        {
            byte[] from = Text(random, random.Next(0, 400));
            var to = from.ToList();
            for (int change = random.Next(0, 6); change > 0; change--)
            {
                int at = random.Next(0, to.Count + 1);
                to.RemoveRange(at, Math.Min(random.Next(0, 40), to.Count - at));
                to.InsertRange(at, Text(random, random.Next(0, 40)));
            }

            byte[] text = [.. to];
            DeltaBytes? delta = DeltaBytes.Between(DeltaBytes.Whole(from), text, int.MaxValue);
            Assert.NotNull(delta);
            Assert.Equal(text, delta.ToArray());
        }
    }

    [Fact]
    public void Keep_SameSpecElsewhere_IsADifference()
    {
        var like = new LikeObjects();
        DeltaBytes first = like.Keep(Definition("11111111", 1, ""));
        DeltaBytes second = like.Keep(Definition("22222222", 2, ""));

        Assert.Equal(first.Length, first.Kept);
        Assert.InRange(second.Kept, 1, 60);
        Assert.Equal(Definition("22222222", 2, ""), second.ToArray());
    }

    [Fact]
    public void Keep_OtherSpec_IsWhole()
    {
        var like = new LikeObjects();
        byte[] other = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(Definition("1", 1, "")).Replace("item 5 ", "item V ", StringComparison.Ordinal));
        _ = like.Keep(Definition("1", 1, ""));

        Assert.Equal(other.Length, like.Keep(other).Kept);
    }

    private static byte[] Definition(string uid, long revision, string rest) => Encoding.UTF8.GetBytes(
        $"{{\"metadata\":{{\"resourceVersion\":\"{revision}\",\"name\":\"widgets.example.com\",\"uid\":\"{uid}\"}},\"spec\":{{{string.Join(',', Enumerable.Range(0, 100).Select(i => $"\"f{i}\":\"the item {i} of it\""))}}}{rest}}}");

    private static byte[] Text(Random random, int length)
    {
        // Few letters, so that equal stretches occur by chance too.
        byte[] text = new byte[length];
        for (int i = 0; i < length; i++)
        {
            text[i] = (byte)random.Next('a', 'd');
        }

        return text;
    }
}
