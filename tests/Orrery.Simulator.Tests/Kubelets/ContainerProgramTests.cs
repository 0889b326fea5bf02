using System.Text;
using Orrery.Api;
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
    public void Of_Command_IsUnderstoodAsFarAsItGoes(string command, double seconds, int exitCode)
    {
        KubeObject pod = KubeObject.Parse(Encoding.UTF8.GetBytes($$$"""{"spec":{"containers":[{"name":"a","command":{{{command}}} }] } }"""));

        Assert.Equal(new ContainerProgram(TimeSpan.FromSeconds(seconds), exitCode), ContainerProgram.Of(pod, TimeSpan.FromSeconds(1)));
    }
}
