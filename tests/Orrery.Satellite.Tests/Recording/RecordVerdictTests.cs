using Orrery.Satellite.Recording;

namespace Orrery.Satellite.Tests.Recording;

public sealed class RecordVerdictTests
{
    [Fact]
    public void Of_AsWritten_IsWholeAndEndsWithItsLastLine()
    {
        RecordVerdict verdict = RecordVerdict.Of(Written(3, 4));

        Assert.Null(verdict.Break);
        Assert.Equal(1, verdict.First);
        Assert.Equal(7, verdict.Head!.Number);
        Assert.Equal(verdict.Head, RecordHead.Parse(verdict.Head.ToString()));
    }

    [Fact]
    public void Of_Nothing_IsWhole() => Assert.Equal(new RecordVerdict(0, null, null), RecordVerdict.Of([]));

    [Fact]
    public void Of_OldestGoneInTheirTime_IsWhole()
    {
        RecordVerdict verdict = RecordVerdict.Of(Written([.. Enumerable.Repeat(2, RecordPart.Kept + 5)]).Skip(5));

        Assert.Null(verdict.Break);
        Assert.Equal(11, verdict.First);
    }

    [Fact]
    public void Of_OldestGoneBeforeTheirTime_IsBroken() =>
        Assert.Equal("the ConfigMaps before number 2 are gone before their time", RecordVerdict.Of(Written(2, 2, 2).Skip(1)).Break);

    [Fact]
    public void Of_OneBetweenGone_IsBroken() =>
        Assert.Equal("ConfigMaps between number 1 and 3 are missing", RecordVerdict.Of(Written(2, 2, 2).Where(p => p.Number != 2)).Break);

    [Theory]
    [InlineData("what-2", "what-X", "line 3 was written after another line 2 than there is now")]
    [InlineData("\"seq\":3,", "\"seq\":4,", "line 2 is followed by line 4")]
    [InlineData("\"seq\":1,\"prev\":\"0", "\"seq\":1,\"prev\":\"1", "line 1 was written after another line 0 than there is now")]
    [InlineData("\"seq\":2,", "", "what follows line 1 is no line of the record")]
    [InlineData("{\"seq\":2", "nonsense", "what follows line 1 is no line of the record")]
    public void Of_Changed_SaysWhere(string from, string to, string fault) =>
        Assert.Equal(fault, RecordVerdict.Of(Written(2, 2).Select(p => p with { Content = p.Content.Replace(from, to, StringComparison.Ordinal) })).Break);

    [Fact]
    public void Of_LineTakenOut_SaysWhere() =>
        Assert.Equal("line 2 is followed by line 4", RecordVerdict.Of(Written(4).Select(p => p with { Content = string.Join('\n', p.Content.Split('\n').Where((_, i) => i != 2)) })).Break);

    [Fact]
    public void Of_LastLinesTakenOut_IsFoundByWhoKnowsTheHead()
    {
        RecordHead head = RecordVerdict.Of(Written(4)).Head!;
        RecordPart[] cut = [.. Written(4).Select(p => p with { Content = string.Join('\n', p.Content.Split('\n').Take(3)) })];

        Assert.Null(RecordVerdict.Of(cut).Break);
        Assert.Equal("the record ends before line 4, which was there", RecordVerdict.Of(cut, head).Break);
        Assert.Equal("nothing is recorded, and line 4 was", RecordVerdict.Of([], head).Break);
    }

    [Fact]
    public void Of_WrittenAnewFromSomeLineOn_IsFoundByWhoKnowsTheHead()
    {
        RecordHead head = RecordVerdict.Of(Written(4)).Head!;
        RecordPart[] anew = [.. Chain("other", 6)];

        Assert.Null(RecordVerdict.Of(anew).Break);
        Assert.Equal("line 4 is another than it was", RecordVerdict.Of(anew, head).Break);
        Assert.Null(RecordVerdict.Of(Written(4, 3), head).Break);
    }

    [Theory]
    [InlineData("")]
    [InlineData("4")]
    [InlineData("4:abc")]
    [InlineData("x:0000000000000000000000000000000000000000000000000000000000000000")]
    public void Parse_NoHead_IsNull(string text) => Assert.Null(RecordHead.Parse(text));

    private static IEnumerable<RecordPart> Written(params int[] lines) => Chain("what", lines);

    private static IEnumerable<RecordPart> Chain(string name, params int[] lines)
    {
        var parts = new List<RecordPart>();
        string before = RecordChain.Beginning;
        long number = 0;
        foreach (int count in lines)
        {
            string content = "";
            for (int i = 0; i < count; i++)
            {
                string line = RecordChain.Line(++number, before, $"\"verb\":\"apply\",\"name\":\"{name}-{number}\"");
                before = RecordChain.HashOf(line);
                content += line + "\n";
            }

            parts.Add(new RecordPart(parts.Count + 1, content));
        }

        return parts;
    }
}
