using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers;

/// <summary>Objects of root that are always there, whatever there is in the fleet: applied at the start and at each regular look.</summary>
internal static class StandingObjects
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    /// <summary>Runs until cancelled. What the cluster has no kind for is left out.</summary>
    public static async Task KeepAsync(ControllerContext context, IEnumerable<(GroupVersionResource Resource, JsonObject Json)> objects, CancellationToken cancellationToken)
    {
        (GroupVersionResource Resource, JsonObject Json)[] all = [.. objects];
        while (!cancellationToken.IsCancellationRequested)
        {
            TimeSpan wait = context.Options.LevelInterval > TimeSpan.Zero ? context.Options.LevelInterval : Timeout.InfiniteTimeSpan;
            try
            {
                foreach ((GroupVersionResource resource, JsonObject json) in all)
                {
                    await ApplyAsync(context, resource, json, cancellationToken).ConfigureAwait(false);
                }
            }
            catch (Exception e) when (e is StatusException or HttpRequestException or IOException or TimeoutException)
            {
                Log.NotKept(context.Options.Loggers.CreateLogger("Orrery.Controllers"), e.Message);
                wait = Retry;
            }

            await Task.Delay(wait, context.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task ApplyAsync(ControllerContext context, GroupVersionResource resource, JsonObject json, CancellationToken cancellationToken)
    {
        try
        {
            await context.Root.ApplyAsync(resource, json.Namespace, json.Name, json, OrreryNames.Manager, force: true, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // A cluster that is too old for the kind. Finalizers hold what it would have refused.
        }
    }
}
