using System.Text.Json;
using Orrery.Commands.Objects;

namespace Orrery.Tests.Commands;

/// <summary>Templates print what kubectl prints.</summary>
public sealed class JsonPathTemplateTests
{
    private static readonly JsonElement Shown = JsonDocument.Parse("""
        {"status": {"phase": "Running", "ready": 2, "conditions": [{"type": "Ready", "status": "True"}, {"type": "Placed", "status": "False"}]},
         "items": [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}]}
        """).RootElement;

    [Theory]
    [InlineData("{.status.phase}", "Running")]
    [InlineData("phase={.status.phase}, {$.status.ready} ready", "phase=Running, 2 ready")]
    [InlineData("{.items[*].metadata.name}", "a b")]
    [InlineData("{range .items[*]}{.metadata.name}{\"\\n\"}{end}.", "a\nb\n.")]
    [InlineData("{.status.conditions[?(@.type==\"Ready\")].status}", "True")]
    [InlineData("{.status.conditions[?(@.type=='Placed')].status}{'}'}", "False}")]
    [InlineData("{.status.conditions[0]}", """{"type": "Ready", "status": "True"}""")]
    [InlineData("{.status.missing}", "")]
    public void Of_Template_PrintsWhatItLeadsTo(string template, string printed) => Assert.Equal(printed, JsonPathTemplate.Parse(template).Of(Shown));

    [Theory]
    [InlineData("{.status", "a brace is not closed: {.status")]
    [InlineData("{end}", "{end} without {range}")]
    [InlineData("{range .items[*]}x", "{range} without {end}")]
    public void Parse_WhatIsNone_SaysWhy(string template, string why) => Assert.Equal(why, Assert.Throws<FormatException>(() => JsonPathTemplate.Parse(template)).Message);
}
