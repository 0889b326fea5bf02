using Microsoft.AspNetCore.Http.Features;
using Orrery.Server.Transport.Sockets;

namespace Orrery.Server.Tests.Transport;

public sealed class ConnectionFeaturesTests
{
    private readonly Itself itself = new();
    private readonly ConnectionFeatures features;

    public ConnectionFeaturesTests() => features = new ConnectionFeatures(itself);

    [Fact]
    public void Get_WhatTheConnectionIs_ReturnsIt()
    {
        Assert.Same(itself, features.Get<INumbered>());
        Assert.Null(features.Get<INamed>());
        Assert.Null(features[typeof(string)]);
        Assert.Empty(features);
    }

    [Fact]
    public void Set_InPlaceOfTheConnection_IsReturnedUntilTakenAway()
    {
        var other = new Itself();

        features.Set<INumbered>(other);
        Assert.Same(other, features.Get<INumbered>());

        features.Set<INumbered>(null);
        Assert.Null(features.Get<INumbered>());
        Assert.Empty(features);

        features.Set<INumbered>(itself);
        Assert.Same(itself, features.Get<INumbered>());
    }

    [Fact]
    public void Set_OfMany_KeepsEach()
    {
        Type[] keys = [.. typeof(FeatureCollection).Assembly.GetTypes().Take(50)];
        foreach (Type key in keys)
        {
            features[key] = key.Name;
        }

        Assert.Equal(keys.Select(k => k.Name), keys.Select(k => features[k]));
        Assert.Equal(keys, features.Select(f => f.Key));
    }

    [Fact]
    public void Revision_GrowsWithEachChange_AndWithNothingElse()
    {
        int first = features.Revision;
        features.Set<INamed>(null);
        _ = features.Get<INumbered>();
        Assert.Equal(first, features.Revision);

        features.Set<INamed>(new Named());
        int second = features.Revision;
        Assert.NotEqual(first, second);
        features.Set<INamed>(null);
        Assert.NotEqual(second, features.Revision);
    }

    private interface INumbered;

    private interface INamed;

    private sealed class Itself : INumbered;

    private sealed class Named : INamed;
}
