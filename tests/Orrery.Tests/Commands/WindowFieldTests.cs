using System.Text.Json.Nodes;
using Orrery.Commands;
using Orrery.Commands.Objects;

namespace Orrery.Tests.Commands;

public sealed class WindowFieldTests
{
    [Theory]
    [InlineData("22:00-02:00", """{"start":"22:00","durationMinutes":240}""")]
    [InlineData("Sat,Sun 22:00-02:00 Europe/Paris", """{"days":["Saturday","Sunday"],"start":"22:00","durationMinutes":240,"timeZone":"Europe/Paris"}""")]
    [InlineData("  wednesday  03:00-04:30 ", """{"days":["Wednesday"],"start":"03:00","durationMinutes":90}""")]
    [InlineData("Mon,monday 00:00-00:00 UTC", """{"days":["Monday"],"start":"00:00","durationMinutes":1440,"timeZone":"UTC"}""")]
    [InlineData("00:00-23:59", """{"start":"00:00","durationMinutes":1439}""")]
    public void Window_OfALine_IsWhatTheApiTakes(string line, string expected) => Assert.Equal(expected, WindowField.Window("--maintenance-window", line).ToJsonString());

    [Theory]
    [InlineData("", "is not of the form")]
    [InlineData("22:00", "is not of the form")]
    [InlineData("24:00-02:00", "is not of the form")]
    [InlineData("2:00-4:00", "is not of the form")]
    [InlineData("22:00-02:00 Europe/Paris please", "is not of the form")]
    [InlineData("S 22:00-02:00", "'S' is no day")]
    [InlineData("Sat,,Sun 22:00-02:00", "'' is no day")]
    [InlineData("Caturday 22:00-02:00", "'Caturday' is no day")]
    public void Window_OfWhatIsNone_SaysWhatItWants(string line, string expected) =>
        Assert.Contains(expected, Assert.Throws<CommandFailedException>(() => WindowField.Window("--maintenance-window", line)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"maintenanceWindows":null}""", "unset")]
    [InlineData("""{"maintenanceWindows":[]}""", "any")]
    [InlineData("""{"maintenanceWindows":[{"start":"01:00","durationMinutes":60},{"start":"03:00","durationMinutes":60}]}""", "01:00-02:00", "03:00-04:00")]
    public async Task Of_WhatWasSaid_WritesAllWindowsThatThereAreToBe(string expected, params string[] said)
    {
        ObjectField field = WindowField.Of("it");
        var command = new System.CommandLine.Command("set") { field.Option };
        var body = new JsonObject();

        await field.Write(command.Parse([.. said.SelectMany(s => (string[])["--maintenance-window", s])]), body, TestContext.Current.CancellationToken);

        Assert.Equal(expected, body["spec"]!.ToJsonString());
    }
}
