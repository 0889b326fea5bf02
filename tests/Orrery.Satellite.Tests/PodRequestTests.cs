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

    /// <summary>What the HTTP client makes another path of must not reach it: whoever may only ask a pod would ask the cluster.</summary>
    [Theory]
    [InlineData("/api/v1/namespaces/a/pods/p/proxy/x/y%20z?next=/../..", true)]
    [InlineData("/api/v1/namespaces/a/pods/p/proxy/a..b/...", true)]
    [InlineData("/api/v1/namespaces/a/pods/p/proxy/../../../secrets", false)]
    [InlineData("/api/v1/namespaces/a/pods/p/proxy/%2e%2E/%2e./secrets", false)]
    [InlineData("/api/v1/namespaces/a/pods/p/proxy/..\\..\\..\\secrets", false)]
    [InlineData("api/v1/secrets", false)]
    public void IsPlain_Target_LeadsWhereItSays(string target, bool expected)
    {
        Assert.Equal(expected, ClusterForward.IsPlain(target));
        Assert.True(!expected || new Uri("https://plane.test" + target).PathAndQuery == target);
    }
}
