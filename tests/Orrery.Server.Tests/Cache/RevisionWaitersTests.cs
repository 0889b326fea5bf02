using Orrery.Server.Cache;

namespace Orrery.Server.Tests.Cache;

public sealed class RevisionWaitersTests
{
    [Fact]
    public async Task WaitFor_GivenUp_LeavesNothingBehind()
    {
        var waiters = new RevisionWaiters();
        using var impatience = new CancellationTokenSource();
        Task far = waiters.WaitForAsync(long.MaxValue, impatience.Token).AsTask();
        Task near = waiters.WaitForAsync(1, TestContext.Current.CancellationToken).AsTask();
        Assert.Equal(2, waiters.Count);

        await impatience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => far);
        Assert.Equal(1, waiters.Count);
        waiters.Advance(1);
        await near;
        Assert.Equal(0, waiters.Count);
    }
}
