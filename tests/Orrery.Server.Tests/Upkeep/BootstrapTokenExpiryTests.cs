using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Upkeep;
using Orrery.Testing;

namespace Orrery.Server.Tests.Upkeep;

/// <summary>Bootstrap tokens that are over go, where the cleaner was asked for.</summary>
public sealed class BootstrapTokenExpiryTests
{
    private static readonly GroupVersionResource Secrets = new("", "v1", "secrets");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Cleaner_AskedFor_DeletesTokensThatAreOver_AndNothingElse()
    {
        await using TestServer server = await TestServer.StartAsync(
            new TestServerOptions { Configure = options => options with { DisabledControllers = ControllerNames.Disabled(["*", ControllerNames.TokenCleaning]) } }, Token);
        await server.Admin.CreateAsync(ServerFixture.Namespaces, "", ServerFixture.Named("elsewhere"), Token);
        string soon = TimeProvider.System.GetUtcNow().AddSeconds(2).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        await PutAsync(server, "kube-system", "opaque", "2020-01-01T00:00:00Z", "Opaque");
        await PutAsync(server, "kube-system", "for-ever", null);
        await PutAsync(server, "kube-system", "next-century", "2126-01-01T00:00:00Z");
        await PutAsync(server, "elsewhere", "over", "2020-01-01T00:00:00Z");
        await PutAsync(server, "kube-system", "over", "2020-01-01T00:00:00Z");
        await PutAsync(server, "kube-system", "unreadable", "tomorrow");
        await PutAsync(server, "kube-system", "soon", soon);

        await Eventually.TrueAsync(async () => await NamesAsync(server, "kube-system") == "for-ever,next-century,opaque", "all that is over is gone", cancellationToken: Token);
        Assert.Equal("over", await NamesAsync(server, "elsewhere"));
    }

    [Theory]
    [InlineData("*", "token-cleaner-controller")]
    [InlineData("*,token-cleaner-controller", "")]
    [InlineData("*,-namespace-controller", "namespace-controller,token-cleaner-controller")]
    public void Disabled_Star_IsAllButWhatIsOffUnlessNamed(string selection, string disabled) =>
        Assert.Equal(disabled, string.Join(',', ControllerNames.Disabled(selection.Split(',')).Order(StringComparer.Ordinal)));

    private static async Task PutAsync(TestServer server, string ns, string name, string? expiration, string type = "bootstrap.kubernetes.io/token")
    {
        var data = new JsonObject { ["token-id"] = Encode("abcdef"), ["token-secret"] = Encode("0123456789abcdef") };
        if (expiration is not null)
        {
            data["expiration"] = Encode(expiration);
        }

        await server.Admin.CreateAsync(Secrets, ns, new JsonObject { ["metadata"] = new JsonObject { ["name"] = name }, ["type"] = type, ["data"] = data }, Token);
    }

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static async Task<string> NamesAsync(TestServer server, string ns) => string.Join(',', (await server.Admin.ListAsync(Secrets, ns, null, Token)).Items.Select(s => s.Name).Order(StringComparer.Ordinal));
}
