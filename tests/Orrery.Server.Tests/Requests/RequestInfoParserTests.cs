using Orrery.Api;
using Orrery.Server.Requests;

namespace Orrery.Server.Tests.Requests;

public sealed class RequestInfoParserTests
{
    [Theory]
    [InlineData("GET", "/api/v1/namespaces/default/pods", "list", "", "v1", "default", "pods", "", "")]
    [InlineData("GET", "/api/v1/namespaces/default/pods/web", "get", "", "v1", "default", "pods", "", "web")]
    [InlineData("HEAD", "/api/v1/namespaces/default/pods/web", "get", "", "v1", "default", "pods", "", "web")]
    [InlineData("GET", "/api/v1/namespaces/default/pods/web/log?follow=true", "get", "", "v1", "default", "pods", "log", "web")]
    [InlineData("GET", "/api/v1/namespaces", "list", "", "v1", "", "namespaces", "", "")]
    [InlineData("GET", "/api/v1/namespaces/default", "get", "", "v1", "default", "namespaces", "", "default")]
    [InlineData("PUT", "/api/v1/namespaces/default/finalize", "update", "", "v1", "default", "namespaces", "finalize", "default")]
    [InlineData("PATCH", "/api/v1/namespaces/default/status", "patch", "", "v1", "default", "namespaces", "status", "default")]
    [InlineData("GET", "/api/v1/nodes/", "list", "", "v1", "", "nodes", "", "")]
    [InlineData("POST", "/apis/apps/v1/namespaces/a/deployments", "create", "apps", "v1", "a", "deployments", "", "")]
    [InlineData("DELETE", "/apis/apps/v1/namespaces/a/deployments", "deletecollection", "apps", "v1", "a", "deployments", "", "")]
    [InlineData("DELETE", "/apis/apps/v1/namespaces/a/deployments/x", "delete", "apps", "v1", "a", "deployments", "", "x")]
    [InlineData("GET", "/apis/apps/v1/deployments?watch=true", "watch", "apps", "v1", "", "deployments", "", "")]
    [InlineData("GET", "/apis/apps/v1/deployments?watch=1", "watch", "apps", "v1", "", "deployments", "", "")]
    [InlineData("GET", "/apis/apps/v1/deployments?watch=false", "list", "apps", "v1", "", "deployments", "", "")]
    [InlineData("GET", "/apis/apps/v1/deployments?watch=0", "list", "apps", "v1", "", "deployments", "", "")]
    [InlineData("GET", "/apis/apps/v1/deployments?Watch=1", "list", "apps", "v1", "", "deployments", "", "")]
    [InlineData("GET", "/api/v1/watch/namespaces/a/pods", "watch", "", "v1", "a", "pods", "", "")]
    [InlineData("GET", "/api/v1/secrets?fieldSelector=metadata.name%3Done", "list", "", "v1", "", "secrets", "", "one")]
    [InlineData("GET", "/api/v1/secrets?watch=1&fieldSelector=type%3DOpaque,metadata.name%3D%3Done", "watch", "", "v1", "", "secrets", "", "one")]
    [InlineData("GET", "/api/v1/secrets?fieldSelector=metadata.name!%3Done", "list", "", "v1", "", "secrets", "", "")]
    [InlineData("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode", "get", "rbac.authorization.k8s.io", "v1", "", "clusterroles", "", "system:node")]
    [InlineData("OPTIONS", "/api/v1/pods", "", "", "v1", "", "pods", "", "")]
    public void Parse_ResourcePath_NamesTheParts(string method, string target, string verb, string group, string version, string ns, string resource, string subresource, string name)
    {
        RequestInfo info = RequestInfoParser.Parse(method, target);

        Assert.True(info.IsResourceRequest);
        Assert.Equal((verb, group, version, ns, resource, subresource, name), (info.Verb, info.Group, info.Version, info.Namespace, info.Resource, info.Subresource, info.Name));
        Assert.Equal(ClusterName.Root, info.Cluster);
    }

    [Theory]
    [InlineData("GET", "/", "/", "get")]
    [InlineData("GET", "/healthz", "/healthz", "get")]
    [InlineData("GET", "/api", "/api", "get")]
    [InlineData("GET", "/api/v1", "/api/v1", "get")]
    [InlineData("GET", "/apis/apps/v1", "/apis/apps/v1", "get")]
    [InlineData("GET", "/openapi/v3/apis/apps/v1?hash=A", "/openapi/v3/apis/apps/v1", "get")]
    [InlineData("POST", "/version/", "/version/", "post")]
    public void Parse_OtherPath_IsNoResource(string method, string target, string path, string verb)
    {
        RequestInfo info = RequestInfoParser.Parse(method, target);

        Assert.False(info.IsResourceRequest);
        Assert.Equal((path, verb), (info.Path, info.Verb));
    }

    [Theory]
    [InlineData("/clusters/acme/shop", "acme", "shop", "/")]
    [InlineData("/clusters/acme/shop/", "acme", "shop", "/")]
    [InlineData("/clusters/acme/shop/api/v1/pods", "acme", "shop", "/api/v1/pods")]
    [InlineData("/clusters/acme/shop.v2/version", "acme", "shop.v2", "/version")]
    [InlineData("/clusters/*/apis/apps/v1/deployments", "*", "*", "/apis/apps/v1/deployments")]
    public void Parse_ClusterPrefix_NamesTheCluster(string target, string ns, string name, string path)
    {
        RequestInfo info = RequestInfoParser.Parse("GET", target);

        Assert.Equal(new ClusterName(ns, name), info.Cluster);
        Assert.Equal(path, info.Path);
    }

    [Theory]
    [InlineData("/clusters", 404)]
    [InlineData("/clusters/acme", 404)]
    [InlineData("/clusters/acme/", 404)]
    [InlineData("/clusters/Acme/shop/api", 404)]
    [InlineData("/clusters/acme/*/api", 404)]
    [InlineData("/clusters/*x/shop/api", 404)]
    [InlineData("/clusters/-/shop/api", 404)]
    [InlineData("/clusters/acme/shop:x/api", 404)]
    [InlineData("/clusters/acme/.shop/api", 404)]
    [InlineData("/clusters/acme%2Fshop/x/api", 404)]
    [InlineData("/clusters/acm%65/shop/api", 404)]
    [InlineData("/clusters/%2a/api/v1/pods", 404)]
    [InlineData("/%63lusters/acme/shop/api", 404)]
    [InlineData("/clusters/acme/shop/clusters/beta/shop/api", 404)]
    [InlineData("/clusters/acme/../beta/shop/api", 400)]
    [InlineData("/clusters/acme/shop/../../beta/shop/api", 400)]
    [InlineData("/clusters/acme/shop/./api", 400)]
    [InlineData("/clusters//acme/shop/api", 400)]
    [InlineData("//clusters/acme/shop/api", 400)]
    [InlineData("/clusters/acme/shop//api", 400)]
    [InlineData("/clusters/acme/shop/%2e%2e/x", 400)]
    [InlineData("/clusters/acme/shop/%2E%2E/x", 400)]
    [InlineData("/clusters/acme/shop/.%2e/x", 400)]
    [InlineData("/clusters/acme/shop/api%2fv1", 400)]
    [InlineData("/clusters/acme/shop/api%2Fv1", 400)]
    [InlineData("/clusters/acme/shop/api%5cv1", 400)]
    [InlineData("/clusters/acme/shop/api%5Cv1", 400)]
    [InlineData("/clusters/acme/shop\\..\\..\\beta", 400)]
    [InlineData("/clusters/acme/shop/%252e%252e/x", 400)]
    [InlineData("/clusters/acme/shop/api%00", 400)]
    [InlineData("/clusters/acme/shop/api%0a", 400)]
    [InlineData("/clusters/acme/shop/api%7f", 400)]
    [InlineData("/clusters/acme/shop/api%", 400)]
    [InlineData("/clusters/acme/shop/api%4", 400)]
    [InlineData("/clusters/acme/shop/api%zz", 400)]
    [InlineData("/clusters/acme/shop/%ff%fe", 400)]
    [InlineData("/clusters/acme/shop/%c0%ae%c0%ae/x", 400)]
    [InlineData("/clusters/acme/shop/api;/../x", 400)]
    [InlineData("/clusters/acme/shop/a b", 400)]
    [InlineData("/clusters/acme/shop/ä", 400)]
    [InlineData("https://127.0.0.1/clusters/acme/shop/api", 400)]
    [InlineData("*", 400)]
    [InlineData("", 400)]
    public void Parse_AnotherSpelling_IsRefused(string target, int code)
    {
        StatusException refused = Assert.Throws<StatusException>(() => RequestInfoParser.Parse("GET", target));

        Assert.Equal(code, refused.Code);
    }

    [Fact]
    public void Query_RepeatedAndEncoded_KeepsAllValues()
    {
        RequestQuery query = RequestInfoParser.Parse("GET", "/api/v1/pods?a=1&a=x%2By+z&flag&A=2").Query;

        Assert.Equal(["1", "x+y z"], query.All("a"));
        Assert.Equal("2", query["A"]);
        Assert.True(query.Flag("flag"));
        Assert.False(query.Flag("none"));
    }
}
