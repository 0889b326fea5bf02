using Orrery.Api;
using Orrery.Satellite.Tunnel;

namespace Orrery.Satellite.Tests;

public sealed class PodRequestTests
{
    [Theory]
    [InlineData("log", false)]
    [InlineData("exec", true)]
    [InlineData("attach", true)]
    [InlineData("portforward", true)]
    [InlineData("proxy", false)]
    public void Parse_RequestForAPod_NamesItAsTheVirtualClusterDoes(string subresource, bool stream)
    {
        var request = PodRequest.Parse($"/clusters/acme/shop/api/v1/namespaces/default/pods/web-1.pa2-par/{subresource}");

        Assert.Equal(new PodRequest(new ClusterName("acme", "shop"), "default", "web-1.pa2-par", subresource), request);
        Assert.Equal(stream, request!.IsStream);
    }

    [Theory]
    [InlineData("/api/v1/namespaces/kube-system/pods/etcd-0/log")]
    [InlineData("/clusters/acme/shop/api/v1/namespaces/default/pods/web-1/proxied")]
    [InlineData("/clusters/acme/shop/api/v1/namespaces/default/secrets/web-1/log")]
    [InlineData("/clusters/acme/shop/api/v1/namespaces/default/pods/web-1")]
    [InlineData("/clusters/acme/shop/api/v1/namespaces/../pods/web-1/log")]
    [InlineData("/clusters/acme/shop/api/v1/namespaces/default/pods//log")]
    [InlineData("/clusters/acme/shop/api/v1/namespaces/default/pods/web-1/log/more")]
    public void Parse_AnythingElse_IsNothing(string path) => Assert.Null(PodRequest.Parse(path));
}
