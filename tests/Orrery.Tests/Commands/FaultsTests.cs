using System.Security.Authentication;
using Orrery.Commands;

namespace Orrery.Tests.Commands;

public sealed class FaultsTests
{
    [Fact]
    public void Of_WhatAPersonCanCauseOrMeet_IsASentence()
    {
        Assert.Equal(("no such thing", 3), Faults.Of(new CommandFailedException("no such thing") { ExitCode = 3 }, null));
        Assert.Equal(("folder x cannot be made: it is a file", 1), Faults.Of(new IOException("folder x cannot be made: it is a file"), null));
        Assert.Equal(
            ("the control plane cannot be reached (Connection refused (127.0.0.1:1)); 'orrery status' tells what runs", 1),
            Faults.Of(new HttpRequestException("Connection refused (127.0.0.1:1)"), null));
        Assert.Equal(
            ("the control plane cannot be trusted (PartialChain): another server listens there, or the kubeconfig is of another installation", 1),
            Faults.Of(new HttpRequestException("see inner exception", new AuthenticationException("PartialChain.")), null));
        Assert.Equal(("", 130), Faults.Of(new OperationCanceledException(), null));
    }

    [Fact]
    public void Of_WhatNobodyForesaw_IsToldShortlyByACommandAndWhollyByAServer()
    {
        var error = new InvalidOperationException("odd");

        Assert.Equal(("unforeseen, and so a mistake of ours: InvalidOperationException: odd", 1), Faults.Of(error, CommandLine.Create().Parse(["tenant", "get"])));
        Assert.Null(Faults.Of(error, CommandLine.Create().Parse(["satellite", "edge1"])));
    }
}
