using Orrery.Testing;

namespace Orrery.Storage.Tests;

public sealed class RetentionPolicyTests
{
    private readonly ManualTime time = new();

    [Fact]
    public void Note_AfterAFailure_SaysTheSameWithTheNextSample()
    {
        var policy = new RetentionPolicy(time, new RevisionMark(time.GetUtcNow() - RetentionPolicy.Age, 5_000), 20_000);
        Assert.Equal(5_000, policy.Note(20_001));
        Assert.Null(policy.Note(20_002));

        policy.Failed();
        Assert.Null(policy.Note(20_003));
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(5_000, policy.Note(20_004));
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(policy.Note(20_005));
    }

    [Fact]
    public void Note_WithAMarkOfTheFuture_WaitsFiveMinutes()
    {
        var policy = new RetentionPolicy(time, new RevisionMark(time.GetUtcNow() + TimeSpan.FromDays(400), 5_000), 20_000);
        Assert.Null(policy.Note(20_001));
        time.Advance(RetentionPolicy.Age - TimeSpan.FromSeconds(1));
        Assert.Null(policy.Note(20_002));

        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(15_003, policy.Note(25_003));
        Assert.Equal(time.GetUtcNow(), policy.Mark!.Value.At);
    }

    [Fact]
    public void Decode_WhatWasEncoded_IsTheSame_AndWhatIsNoneIsNone()
    {
        var mark = new RevisionMark(new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero), long.MaxValue);
        Assert.Equal(mark, RevisionMark.Decode(mark.Encode()));
        Assert.Null(RevisionMark.Decode([]));
        Assert.Null(RevisionMark.Decode([0xff, .. mark.Encode()]));
        Assert.Null(RevisionMark.Decode([.. Enumerable.Repeat((byte)0xff, 16)]));
        Assert.Null(RevisionMark.Decode([.. Enumerable.Repeat((byte)0x7f, 16)]));
    }
}
