using System.Net;
using System.Net.NetworkInformation;
using Orrery.Serving;

namespace Orrery.Tests.Serving;

public sealed class OwnAddressTests
{
    [Fact]
    public void Settled_WhileAnInterfaceGoes_LooksAgain()
    {
        int looks = 0;

        int found = OwnAddress.Settled(() => ++looks switch { 1 => throw new ArgumentException("half an address"), 2 => throw new NetworkInformationException(), _ => looks });

        Assert.Equal(3, found);
    }

    [Fact]
    public void Settled_WhatNeverEnds_IsTold() =>
        Assert.Equal("half an address", Assert.Throws<ArgumentException>(() => OwnAddress.Settled<int>(() => throw new ArgumentException("half an address"))).Message);

    [Fact]
    public void Of_OneAddressOrAll_NamesOneToBeReachedAt()
    {
        var listened = new Uri("https://127.0.0.1:7443");

        Assert.Equal(listened, OwnAddress.Of(listened, IPAddress.Loopback));
        Assert.Equal(7443, OwnAddress.Of(listened, IPAddress.Any).Port);
        Assert.Contains(IPAddress.Loopback, OwnAddress.Addresses(i => i.NetworkInterfaceType == NetworkInterfaceType.Loopback));
    }
}
