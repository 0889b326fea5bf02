namespace Orrery.Tests.EndToEnd;

/// <summary>The vendor's day, as the script in the examples plays it with kubectl and the command line.</summary>
public sealed class SaasDayTests(SaasDayTests.Demo installed) : IClassFixture<SaasDayTests.Demo>
{
    /// <summary>The three data planes of the demo, for this alone.</summary>
    public sealed class Demo : Installed;

    [Fact]
    public async Task Day_FromTheFirstTenantToTheLast_HoldsStepByStep()
    {
        Kubectl.Require();

        Ended day = await Shell.RunAsync(
            "bash", [Path.Combine(Repository.Root, "examples", "saas", "day.sh")],
            new Dictionary<string, string> { ["ORRERY_DATA_DIR"] = installed.Folder, ["ORRERY"] = Installed.Program });

        Assert.EndsWith("The day is over; everything held.\n", day.Succeeded(), StringComparison.Ordinal);
    }
}
