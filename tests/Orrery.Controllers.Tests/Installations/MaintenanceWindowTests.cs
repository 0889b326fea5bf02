using System.Globalization;
using Orrery.Api;
using Orrery.Controllers.Installations;

namespace Orrery.Controllers.Tests.Installations;

public sealed class MaintenanceWindowTests
{
    /// <summary>2026-03-29 and 2026-10-25 are the days on which the clocks of Paris are put on and back, at 01:00 UTC; 2026-11-21 is a Saturday.</summary>
    [Theory]
    [InlineData("""{"start": "22:00", "durationMinutes": 240}""", "2026-11-21T21:59:59Z", "2026-11-21T22:00:00Z")]
    [InlineData("""{"start": "22:00", "durationMinutes": 240}""", "2026-11-21T22:00:00Z", null)]
    [InlineData("""{"start": "22:00", "durationMinutes": 240}""", "2026-11-22T01:59:59Z", null)]
    [InlineData("""{"start": "22:00", "durationMinutes": 240}""", "2026-11-22T02:00:00Z", "2026-11-22T22:00:00Z")]
    [InlineData("""{"start": "00:00", "durationMinutes": 1440}""", "2026-11-21T23:59:59Z", null)]
    [InlineData("""{"days": ["Saturday"], "start": "22:00", "durationMinutes": 240}""", "2026-11-22T01:00:00Z", null)]
    [InlineData("""{"days": ["Saturday"], "start": "22:00", "durationMinutes": 240}""", "2026-11-22T02:00:00Z", "2026-11-28T22:00:00Z")]
    [InlineData("""{"days": ["Sunday", "Wednesday"], "start": "01:30", "durationMinutes": 30}""", "2026-11-22T02:00:00Z", "2026-11-25T01:30:00Z")]
    [InlineData("""{"days": ["Saturday"], "start": "22:00", "durationMinutes": 10080}""", "2026-11-28T21:59:00Z", null)]
    [InlineData("""{"days": ["Saturday"], "start": "22:00", "durationMinutes": 10079}""", "2026-11-28T21:59:00Z", "2026-11-28T22:00:00Z")]
    [InlineData("""{"days": ["Saturday"], "start": "00:30", "durationMinutes": 60, "timeZone": "Pacific/Auckland"}""", "2026-11-20T11:29:00Z", "2026-11-20T11:30:00Z")]
    [InlineData("""{"days": ["Saturday"], "start": "00:30", "durationMinutes": 60, "timeZone": "Pacific/Auckland"}""", "2026-11-20T12:00:00Z", null)]
    [InlineData("""{"start": "02:30", "durationMinutes": 30, "timeZone": "Europe/Paris"}""", "2026-03-29T00:59:00Z", "2026-03-29T01:30:00Z")]
    [InlineData("""{"start": "02:30", "durationMinutes": 30, "timeZone": "Europe/Paris"}""", "2026-10-25T00:29:00Z", "2026-10-25T00:30:00Z")]
    [InlineData("""{"start": "02:30", "durationMinutes": 30, "timeZone": "Europe/Paris"}""", "2026-10-25T01:00:00Z", "2026-10-26T01:30:00Z")]
    [InlineData("""{"start": "01:00", "durationMinutes": 180, "timeZone": "Europe/Paris"}""", "2026-10-25T01:59:00Z", null)]
    [InlineData("""{"start": "01:00", "durationMinutes": 180, "timeZone": "Europe/Paris"}""", "2026-10-25T02:00:00Z", "2026-10-26T00:00:00Z")]
    public void Next_OfAWindow_IsWhenItOpensOrNullWhileItIsOpen(string window, string now, string? expected) =>
        Assert.Equal(expected, MaintenanceWindow.Read(Samples.Object(window))!.Next(At(now)) is { } next ? Text(next) : null);

    [Theory]
    [InlineData("""{"start": "22:00", "durationMinutes": 60, "timeZone": "Mars/Olympus"}""")]
    [InlineData("""{"start": "25:00", "durationMinutes": 60}""")]
    [InlineData("""{"start": "22:00", "durationMinutes": 0}""")]
    [InlineData("""{"start": "22:00", "durationMinutes": 10081}""")]
    [InlineData("""{"days": ["Caturday"], "start": "22:00", "durationMinutes": 60}""")]
    public void Read_WhatIsNoWindow_IsNull(string window) => Assert.Null(MaintenanceWindow.Read(Samples.Object(window)));

    [Theory]
    [InlineData("iTtcca", "Installation shop")]
    [InlineData("Ttca", "Tenant acme")]
    [InlineData("tca", "TenantClass large")]
    [InlineData("ca", "channel stable of Application shop")]
    [InlineData("a", "Application shop")]
    [InlineData("", null)]
    public void Find_OfThoseThatSayAny_IsTheNearest(string said, string? expected)
    {
        string Spec(char who, string more = "") => said.Contains(who, StringComparison.Ordinal) ? $$"""{"maintenanceWindows": []{{more}} }""" : $$"""{"x": 1{{more}} }""";
        KubeObject Object(string name, string spec) => Samples.Object($$"""{"metadata": {"name": "{{name}}"}, "spec": {{spec}} }""");
        string channel = Spec('c', ""","name": "stable" """);

        MaintenanceWindows? found = MaintenanceWindows.Find(
            Object("shop", Spec('i', ""","channel": "stable" """)), Object("acme", Spec('T')), Object("large", Spec('t')),
            Object("shop", Spec('a', $$""","channels": [{"name": "edge", "maintenanceWindows": []}, {{channel}}]""")));

        Assert.Equal(expected, found?.Of);
    }

    [Theory]
    [InlineData("[]", null, null)]
    [InlineData("""[{"start": "22:00", "durationMinutes": 60}]""", null, "2026-11-21T22:00:00Z the maintenance window of Tenant acme opens 2026-11-21T22:00:00Z")]
    [InlineData("""[{"start": "22:00", "durationMinutes": 60}, {"start": "12:00", "durationMinutes": 1}]""", null, null)]
    [InlineData("""[{"start": "23:00", "durationMinutes": 60}, {"start": "22:00", "durationMinutes": 1}]""", null, "2026-11-21T22:00:00Z the maintenance window of Tenant acme opens 2026-11-21T22:00:00Z")]
    [InlineData("""[{"start": "22:00", "durationMinutes": 60}]""", "2026-11-21T12:00:01Z", null)]
    [InlineData("""[{"start": "22:00", "durationMinutes": 60}]""", "2026-11-21T12:00:00Z", "2026-11-21T22:00:00Z the maintenance window of Tenant acme opens 2026-11-21T22:00:00Z")]
    [InlineData("""[{"start": "22:00", "durationMinutes": 60}]""", "later", "2026-11-21T22:00:00Z the maintenance window of Tenant acme opens 2026-11-21T22:00:00Z; annotation orrery.dev/open-until is no time: later")]
    [InlineData("""[{"start": "22:00", "durationMinutes": 60, "timeZone": "Mars/Olympus"}]""", null, " no maintenance window of Tenant acme ever opens; one of them cannot be told: 22:00 in Mars/Olympus, of which this control plane knows no time zone")]
    public void HoldAt_Noon_SaysUntilWhenAndWhose(string windows, string? openUntil, string? expected)
    {
        KubeObject installation = Samples.Object(openUntil is null ? """{"metadata": {"name": "shop"} }""" : $$"""{"metadata": {"name": "shop", "annotations": {"orrery.dev/open-until": "{{openUntil}}"} } }""");
        KubeObject tenant = Samples.Object($$"""{"metadata": {"name": "acme"}, "spec": {"maintenanceWindows": {{windows}} } }""");

        WindowHold? hold = MaintenanceWindows.Find(installation, tenant, null, null)!.HoldAt(installation, At("2026-11-21T12:00:00Z"));

        Assert.Equal(expected, hold is null ? null : $"{(hold.Opens is { } at ? Text(at) : "")} {hold.Message}");
    }

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    private static string Text(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
