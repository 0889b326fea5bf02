using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Controllers.Tenants;

/// <summary>Keeps the roles that all tenants' members are bound to: at the start, and at each regular look.</summary>
internal static class RoleKeeper
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    public static async Task RunAsync(ControllerContext context, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            TimeSpan wait = context.Options.LevelInterval > TimeSpan.Zero ? context.Options.LevelInterval : Timeout.InfiniteTimeSpan;
            try
            {
                foreach ((GroupVersionResource resource, JsonObject role) in TenantObjects.SharedRoles())
                {
                    await context.Root.ApplyAsync(resource, "", role.Name, role, Api.Kinds.OrreryNames.Manager, force: true, cancellationToken).ConfigureAwait(false);
                }
            }
            catch (Exception e) when (e is StatusException or HttpRequestException or IOException or TimeoutException)
            {
                // Away for now: every other write of this process says so too.
                wait = Retry;
            }

            await Task.Delay(wait, context.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
