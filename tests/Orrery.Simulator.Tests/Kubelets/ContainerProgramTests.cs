using System.Text.Json;
using Orrery.Simulator.Kubelets;

namespace Orrery.Simulator.Tests.Kubelets;

public sealed class ContainerProgramTests
{
    [Theory]
    [InlineData("""["sh","-c","sleep 2.5; exit 3"]""", 2.5, 3)]
    [InlineData("""["/bin/false"]""", 1, 1)]
    [InlineData("""["sleep","4"]""", 4, 0)]
    [InlineData("""["perl","-e","print 1"]""", 1, 0)]
    [InlineData("[]", 1, 0)]
    public void Of_Command_IsUnderstoodAsFarAsItGoes(string command, double seconds, int exitCode) =>
        Assert.Equal(new ContainerProgram(TimeSpan.FromSeconds(seconds), exitCode), Of(command, isService: false));

    [Theory]
    [InlineData("""["sh","-c","sleep 2.5; exit 3"]""", 2.5, 3)]
    [InlineData("""["/bin/sh","-c","echo hello && exit 1"]""", 1d, 1)]
    [InlineData("""["/bin/false"]""", 1d, 1)]
    [InlineData("""["sleep","4"]""", 4d, 0)]
    [InlineData("""["sleep","infinity"]""", null, 0)]
    [InlineData("""["sh","-c","while true; do sleep 1; done"]""", null, 0)]
    [InlineData("""["sh","-c","trap 'exit 0' TERM; sleep 5"]""", null, 0)]
    [InlineData("""["web","--exit 3"]""", null, 0)]
    [InlineData("[]", null, 0)]
    public void Of_CommandThatIsMeantToRunForEver_EndsOnlyIfAllOfItIsUnderstood(string command, double? seconds, int exitCode) =>
        Assert.Equal(new ContainerProgram(seconds is { } s ? TimeSpan.FromSeconds(s) : null, exitCode), Of(command, isService: true));

    private static ContainerProgram Of(string command, bool isService)
    {
        using var container = JsonDocument.Parse($$"""{"name":"a","command":{{command}}}""");
        return ContainerProgram.Of(container.RootElement, TimeSpan.FromSeconds(1), isService);
    }
}
