using Orrery.Serving;

namespace Orrery.Tests.Serving;

public sealed class RuntimeSettingsTests
{
    private static readonly Dictionary<string, string> Settings = new() { ["A"] = "0", ["B"] = "1" };

    [Fact]
    public void With_NoneThere_AddsAllToWhatThereIs() =>
        Assert.Equal([("A", "0"), ("B", "1"), ("PATH", "/bin")], Sorted(RuntimeSettings.With(Settings, new Dictionary<string, string> { ["PATH"] = "/bin" })!));

    [Fact]
    public void With_OneSetOtherwise_LeavesIt() =>
        Assert.Equal([("A", "7"), ("B", "1")], Sorted(RuntimeSettings.With(Settings, new Dictionary<string, string> { ["A"] = "7" })!));

    [Fact]
    public void With_AllThere_NeedsNoOtherProcess() => Assert.Null(RuntimeSettings.With(Settings, new Dictionary<string, string> { ["A"] = "7", ["B"] = "" }));

    private static IEnumerable<(string, string)> Sorted(IReadOnlyDictionary<string, string> environment) => environment.Select(e => (e.Key, e.Value)).Order();
}
