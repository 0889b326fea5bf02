using Orrery.Commands;

namespace Orrery.Tests.Commands;

public sealed class UnifiedDiffTests
{
    [Fact]
    public void Of_TheSame_IsEmpty() => Assert.Equal("", UnifiedDiff.Of("a", "b", "x\ny\n", "x\ny\n"));

    [Fact]
    public void Of_ChangesFarApart_HasAHunkEach()
    {
        string before = string.Concat(Enumerable.Range(1, 20).Select(i => $"{i}\n"));
        string after = before.Replace("2\n3\n", "2\nthree\n", StringComparison.Ordinal).Replace("17\n", "", StringComparison.Ordinal);

        Assert.Equal(
            "--- a\n+++ b\n@@ -1,6 +1,6 @@\n 1\n 2\n-3\n+three\n 4\n 5\n 6\n@@ -14,7 +14,6 @@\n 14\n 15\n 16\n-17\n 18\n 19\n 20\n",
            UnifiedDiff.Of("a", "b", before, after));
    }

    [Fact]
    public void Of_SomethingNew_BeginsAtLineZero() => Assert.Equal("--- a\n+++ b\n@@ -0,0 +1,2 @@\n+x\n+y\n", UnifiedDiff.Of("a", "b", "", "x\ny\n"));

    [Fact]
    public void Of_SomethingGone_EndsAtLineZero() => Assert.Equal("--- a\n+++ b\n@@ -1 +0,0 @@\n-x\n", UnifiedDiff.Of("a", "b", "x\n", ""));
}
