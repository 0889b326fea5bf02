using Orrery.Bench;
using Orrery.Commands;

namespace Orrery.Tests.Commands;

public sealed class BenchApiCommandTests
{
    [Fact]
    public void Only_OfSomethingElse_IsRefusedWithWhatThereIs()
    {
        string told = Assert.Single(BenchApiCommand.Create().Parse(["--only", "idle", "--only", "everything"]).Errors).Message;

        Assert.Contains("everything", told, StringComparison.Ordinal);
        Assert.All(Measure.OfApi, m => Assert.Contains(m.Key, told, StringComparison.Ordinal));
    }

    [Fact]
    public void Only_OfWhatIsMeasured_IsTaken() => Assert.Empty(BenchApiCommand.Create().Parse(["--only", .. Measure.OfApi.Select(m => m.Key)]).Errors);
}
