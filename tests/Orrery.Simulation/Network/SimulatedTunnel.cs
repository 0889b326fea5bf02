using Orrery.Api.Kinds;
using Orrery.Satellite.Tunnel;

namespace Orrery.Simulation.Network;

/// <summary>A satellite's end of its tunnel: a request that stays open for as long as the network lets it.</summary>
internal sealed class SimulatedTunnel(string dataPlane, Uri controlPlane, Link link, TimeProvider time) : ITunnel
{
    private static readonly TimeSpan Redial = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource joined = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Joined => joined.Task;

    public event Action? Opened;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpMessageInvoker(link);
        var address = new Uri(controlPlane, $"/apis/{OrreryResources.ApiVersion}/dataplanes/{dataPlane}/{OrreryNames.TunnelSubresource}");
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, address);
                using HttpResponseMessage answer = await http.SendAsync(request, cancellationToken);
                if (answer.IsSuccessStatusCode)
                {
                    joined.TrySetResult();
                    Opened?.Invoke();
                    await using Stream open = await answer.Content.ReadAsStreamAsync(cancellationToken);
                    while (await open.ReadAsync(new byte[16], cancellationToken) > 0)
                    {
                    }
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException && !cancellationToken.IsCancellationRequested)
            {
                // It dials again.
            }

            await Task.Delay(Redial, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
