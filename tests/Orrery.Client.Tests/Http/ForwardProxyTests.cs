using System.Net;

namespace Orrery.Client.Tests.Http;

public sealed class ForwardProxyTests
{
    [Theory]
    [InlineData("https://api.example.com/", true)]
    [InlineData("https://inside.corp/", false)]
    [InlineData("https://deep.inside.corp/", false)]
    [InlineData("https://notinside.corp/", true)]
    [InlineData("https://dotted.example/", true)]
    [InlineData("https://a.dotted.example:8443/", false)]
    [InlineData("https://10.1.2.3/", false)]
    [InlineData("https://11.1.2.3/", true)]
    [InlineData("https://192.0.2.7/", false)]
    [InlineData("https://ported.example:6443/", false)]
    [InlineData("https://ported.example/", true)]
    [InlineData("https://[2001:db8::1]/", false)]
    [InlineData("https://127.0.0.1:6443/", false)]
    [InlineData("https://localhost/", false)]
    public void FromEnvironment_NoProxy_SaysWhatIsReachedDirectly(string server, bool proxied)
    {
        ForwardProxy proxy = ForwardProxy.FromEnvironment(name => name switch
        {
            "HTTPS_PROXY" => "http://proxy.corp:3128",
            "no_proxy" => "inside.corp, a.dotted.example:8443,10.0.0.0/8,192.0.2.7,ported.example:6443,2001:db8::/32",
            _ => null,
        })!;

        Assert.Equal(proxied ? new Uri("http://proxy.corp:3128/") : null, proxy.GetProxy(new Uri(server)));
    }

    [Fact]
    public void FromEnvironment_NothingSaid_IsNoProxy() => Assert.Null(ForwardProxy.FromEnvironment(_ => null));

    [Fact]
    public void Parse_Credential_IsKeptOutOfTheAddress()
    {
        ForwardProxy proxy = ForwardProxy.Parse("http://sat:p%40ss:w@proxy:3128");

        var credential = (NetworkCredential)proxy.Credentials!;
        Assert.Equal(("sat", "p@ss:w"), (credential.UserName, credential.Password));
        Assert.Equal(("http://proxy:3128", "http://proxy:3128/"), (proxy.ToString(), proxy.GetProxy(new Uri("https://127.0.0.1/"))!.AbsoluteUri));
    }

    [Theory]
    [InlineData("socks5://proxy:1080")]
    [InlineData("http://proxy:3128/path")]
    [InlineData("http://")]
    public void Parse_NoHttpProxy_IsRefused(string text) => Assert.Throws<FormatException>(() => ForwardProxy.Parse(text));
}
