using System.Security.Authentication;
using Orrery.Api;
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
        Assert.Equal(
            ("the server answered 401 Unauthorized: the credential of the kubeconfig is not good there, or not any more", 1),
            Faults.Of(ApiErrors.Unauthorized(), null));
        Assert.Equal(("the server answered 404 NotFound: tenants.orrery.dev \"acme\" not found", 1), Faults.Of(ApiErrors.NotFound(new GroupResource("orrery.dev", "tenants"), "acme"), null));
        Assert.Equal(
            ("the server answered 404 NotFound: the server could not find the requested resource: that API is not served there; the kubeconfig may be that of a virtual cluster or a data plane, where root's is meant", 1),
            Faults.Of(ApiErrors.NoSuchResource(), null));
    }

    [Fact]
    public void Of_WhatNobodyForesaw_IsToldShortlyByACommandAndWhollyByAServer()
    {
        var error = new InvalidOperationException("odd");

        Assert.Equal(("unforeseen, and so a mistake of ours: InvalidOperationException: odd", 1), Faults.Of(error, CommandLine.Create().Parse(["tenant", "get"])));
        Assert.Null(Faults.Of(error, CommandLine.Create().Parse(["satellite", "edge1"])));
    }
}
