namespace Orrery.Client.Tests.Support;

internal static class Until
{
    /// <summary>Looks again until the condition holds; fails after a minute.</summary>
    public static async Task TrueAsync(Func<bool> condition, string what)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(60), $"not within a minute: {what}");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }
}
