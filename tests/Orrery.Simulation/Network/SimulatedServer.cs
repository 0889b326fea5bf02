using Microsoft.AspNetCore.Http;
using Orrery.Server;
using Orrery.Server.Handlers;
using Orrery.Storage.Memory;

namespace Orrery.Simulation.Network;

/// <summary>A real API server of the product in all but its sockets: its whole pipeline, caches and upkeep over a store in memory.</summary>
internal sealed class SimulatedServer : IAsyncDisposable
{
    private readonly ServerState state;
    private readonly Pipeline pipeline;

    private SimulatedServer(string name, MemoryStore store, ServerState state)
    {
        Name = name;
        Store = store;
        this.state = state;
        pipeline = new Pipeline(state);
    }

    /// <summary>Host name in the addresses that lead here.</summary>
    public string Name { get; }

    public MemoryStore Store { get; }

    public Uri Url => new($"https://{Name}/");

    public static async Task<SimulatedServer> StartAsync(string name, TimeProvider time, int seed, bool servesVirtualClusters, params IReadOnlyList<ISubresourceHandler> handlers)
    {
        var store = new MemoryStore(time);
        ServerState state = await ServerComposition.ComposeAsync(
            new ApiServerOptions
            {
                Store = store,
                ServingCertificate = Credentials.Serving,
                ClientCas = [Credentials.Authority.Certificate()],
                ServiceAccountKeys = Credentials.Keys,
                TimeProvider = time,
                Seed = seed,
                ServesVirtualClusters = servesVirtualClusters,
                SubresourceHandlers = handlers,

                // As in simulated data planes: nothing there takes taints away.
                DisabledAdmissionPlugins = servesVirtualClusters ? new HashSet<string>() : new HashSet<string>(StringComparer.Ordinal) { "TaintNodesByCondition" },
            },
            CancellationToken.None);
        await state.Upkeep!.StartAsync(CancellationToken.None);
        return new SimulatedServer(name, store, state);
    }

    public Task ServeAsync(HttpContext http) => pipeline.InvokeAsync(http);

    public async ValueTask DisposeAsync()
    {
        await state.Stopping.CancelAsync();
        await state.DisposeAsync();
        await Store.DisposeAsync();
    }
}
