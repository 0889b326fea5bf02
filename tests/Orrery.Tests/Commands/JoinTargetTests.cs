using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Commands;
using Orrery.Commands.DataPlanes;
using Orrery.Testing;

namespace Orrery.Tests.Commands;

public sealed class JoinTargetTests
{
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Read_OfAControlPlaneThatSaysItLater_WaitsForThat()
    {
        await using TestServer server = await TestServer.StartAsync();
        var time = new ManualTime();
        Task<JoinTarget> asked = JoinTarget.ReadAsync(server.Admin, null, time, Token);
        await Orrery.Testing.Eventually.TrueAsync(() => Task.FromResult(time.Waiting > 0), "it waits", TimeSpan.FromSeconds(10), Token);

        string authority = server.Admin.Config.Ca![0].ExportCertificatePem();
        await server.Admin.CreateAsync(ConfigMaps, JoinNames.PublicNamespace, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = JoinNames.ClusterInfo },
            ["data"] = new JsonObject { ["kubeconfig"] = KubeConfig.Render(new KubeConfigEntry("", new Uri("https://api.example.test:7443"), authority)) },
        }, Token);
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("https://api.example.test:7443", (await asked).Address);
    }

    [Fact]
    public async Task Read_OfWhatNeverSaysIt_EndsAndSaysWhatMayBeWrong()
    {
        await using TestServer server = await TestServer.StartAsync();
        var time = new ManualTime();
        Task<JoinTarget> asked = JoinTarget.ReadAsync(server.Admin, null, time, Token);
        await Orrery.Testing.Eventually.TrueAsync(() => Task.FromResult(time.Waiting > 0), "it waits", TimeSpan.FromSeconds(10), Token);

        time.Advance(TimeSpan.FromSeconds(11));

        Assert.Contains("does not say how it is reached", (await Assert.ThrowsAsync<CommandFailedException>(() => asked)).Message, StringComparison.Ordinal);
    }
}
