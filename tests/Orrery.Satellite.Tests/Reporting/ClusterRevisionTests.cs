using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Client;
using Orrery.Satellite.Reporting;

namespace Orrery.Satellite.Tests.Reporting;

/// <summary>Whether a cluster is where it was, and which it was.</summary>
public sealed class ClusterRevisionTests
{
    [Fact]
    public async Task LookAsync_StatePutBackOrAnotherCluster_EndsItsHistory()
    {
        using var cluster = new Cluster();
        using var client = new KubeClient(new ClientConfig(new Uri("https://cluster.example.com")) { Carrier = () => cluster });
        var history = new ServerHistory();
        var revision = new ClusterRevision(client, history, NullLogger.Instance);
        async Task<int> LookAsync(string list)
        {
            cluster.List = list;
            await revision.LookAsync(TestContext.Current.CancellationToken);
            return history.PutBacks;
        }

        Assert.Equal(0, await LookAsync(List(100, "one")));
        Assert.Equal(0, await LookAsync(List(120, "one")));

        // 1. Put back.
        Assert.Equal(1, await LookAsync(List(90, "one")));
        Assert.Equal(1, await LookAsync(List(95, "one")));

        // 2. Another, whose revisions are higher, or lower.
        Assert.Equal(2, await LookAsync(List(200, "two")));
        Assert.Equal(3, await LookAsync(List(5, "three")));
        Assert.Equal(3, await LookAsync(List(6, "three")));

        // 3. One that does not tell is the one that it was.
        Assert.Equal(3, await LookAsync("""{"kind": "NamespaceList", "apiVersion": "v1", "metadata": {"resourceVersion": "7"}, "items": []}"""));
        Assert.Equal(3, await LookAsync(List(8, "three")));
    }

    private static string List(int revision, string uid) => $$"""
        {"kind": "NamespaceList", "apiVersion": "v1", "metadata": {"resourceVersion": "{{revision}}"}, "items": [{"metadata": {"name": "kube-system", "uid": "{{uid}}"} }]}
        """;

    private sealed class Cluster : HttpMessageHandler
    {
        public string List { get; set; } = "";

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(List, Encoding.UTF8, "application/json") });
    }
}
