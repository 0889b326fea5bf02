using Orrery.Commands;
using Orrery.KubeApiServer;

namespace Orrery.Tests.KubeApiServer;

public sealed class FlagSetTests
{
    private static readonly FlagSet Flags = new(
    [
        new("name", FlagKind.Text, "", "unnamed"), new("modes", FlagKind.List, "", "a"), new("on", FlagKind.Switch, "", "true"), new("off", FlagKind.Switch, "", "false"),
        new("port", FlagKind.Number, "", "6443"), new("wait", FlagKind.Duration, ""), new("gates", FlagKind.Pairs, ""), new("served", FlagKind.Settings, ""), new("v", FlagKind.Number, "", "0"),
    ]);

    [Theory]
    [InlineData("--name=x")]
    [InlineData("--name", "x")]
    [InlineData("--name=y", "--name=x")]
    public void Parse_TextInEachSpelling_LastWins(params string[] arguments) => Assert.Equal("x", Flags.Parse(arguments).Text("name"));

    [Theory]
    [InlineData("--off", true)]
    [InlineData("--off=T", true)]
    [InlineData("--on=0", false)]
    [InlineData("--on=FALSE", false)]
    public void Parse_Switch_AsGoReadsOne(string argument, bool expected) =>
        Assert.Equal(expected, Flags.Parse([argument]).Switch(argument[2..].Split('=')[0]));

    [Fact]
    public void Parse_ListsGivenAgain_AddUpAndReplaceTheDefault()
    {
        Assert.Equal(["a"], Flags.Parse([]).List("modes"));
        Assert.Equal(["b", "c", "d"], Flags.Parse(["--modes=b,c", "--modes", "d"]).List("modes"));
        Assert.Equal([("A", "true"), ("B", "false")], Flags.Parse(["--gates=A=true,B=false"]).Pairs("gates"));
        Assert.Equal([("A", ""), ("B", "false")], Flags.Parse(["--served=A,B=false"]).Pairs("served"));
    }

    [Fact]
    public void Parse_UnderscoresShortVerbosityAndDurations_AreRead()
    {
        FlagValues values = new FlagSet([new("cert-dir", FlagKind.Text, ""), new("v", FlagKind.Number, "", "0"), new("wait", FlagKind.Duration, "")])
            .Parse(["--cert_dir=/x", "-v=4", "--wait=1h30m500ms"]);

        Assert.Equal("/x", values.Text("cert-dir"));
        Assert.Equal(4, values.Number("v"));
        Assert.Equal(new TimeSpan(0, 1, 30, 0, 500), values.Duration("wait"));
    }

    [Theory]
    [InlineData("unknown flag: --nope", "--nope=1")]
    [InlineData("unknown shorthand flag: -x", "-x")]
    [InlineData("takes no arguments, got \"true\"", "--off", "true")]
    [InlineData("flag needs an argument: --name", "--name")]
    [InlineData("invalid argument \"maybe\" for \"--on\" flag: want true or false", "--on=maybe")]
    [InlineData("invalid argument \"many\" for \"--port\" flag: want a whole number", "--port=many")]
    [InlineData("invalid argument \"5\" for \"--wait\" flag: want a duration such as 30s or 1h30m", "--wait=5")]
    [InlineData("invalid argument \"A\" for \"--gates\" flag: want name=value pairs", "--gates=A")]
    public void Parse_WhatCannotBeRead_IsRefusedByName(string message, params string[] arguments) =>
        Assert.Equal(message, Assert.Throws<CommandFailedException>(() => Flags.Parse(arguments)).Message);
}
