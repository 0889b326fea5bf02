namespace Orrery.Satellite.Tests;

public sealed class ControlPlaneMarksTests
{
    /// <summary>What names no control plane is of the one whose satellite was there before they were named, and of nobody that is known where none was.</summary>
    [Theory]
    [InlineData("{}", "", true)]
    [InlineData("""{"satelliteVersion": "0.1.0"}""", "", true)]
    [InlineData("""{"controlPlane": "x"}""", "x", false)]
    [InlineData("""{"controlPlane": "x", "satelliteVersion": "0.1.0"}""", "x", true)]
    [InlineData("""{"controlPlane": "x", "satelliteVersion": "0.1.0", "servesUnmarked": false}""", "x", false)]
    [InlineData("""{"controlPlane": "x", "servesUnmarked": true}""", "x", true)]
    public void Of_DataPlane_GoesByWhoServedItBefore(string status, string id, bool servesUnmarked) =>
        Assert.Equal(new ControlPlaneMarks(id, servesUnmarked), ControlPlaneMarks.Of(Samples.Object($$"""{"kind": "DataPlane", "metadata": {"name": "a"}, "status": {{status}} }""")));

    [Theory]
    [InlineData("x", true, "x", true)]
    [InlineData("x", true, "y", false)]
    [InlineData("x", true, ServedControlPlane.Unmarked, true)]
    [InlineData("x", false, ServedControlPlane.Unmarked, false)]
    [InlineData("", true, "y", false)]
    [InlineData("", true, ServedControlPlane.Unmarked, true)]
    public void Has_GoesByTheName(string id, bool servesUnmarked, string named, bool expected) => Assert.Equal(expected, new ControlPlaneMarks(id, servesUnmarked).Has(named));
}
