using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Simulation.Worlds;

namespace Orrery.Simulation.Script;

/// <summary>What people do to a server, each step tried again until it is taken, and what they wait for.</summary>
internal sealed class UserSteps(World world)
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(250);

    /// <summary>By then the storm is over since long.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    public KubeClient Root { get; } = world.ClientOf(World.ControlPlane);

    /// <summary>The cluster of a data plane, for whoever owns it.</summary>
    public KubeClient In(string plane) => world.ClientOf(plane);

    public Task PauseAsync(double from, double to) => Task.Delay(world.Weather.Between(from, to), world.Time);

    public Task CreateAsync(KubeClient client, GroupVersionResource resource, string ns, JsonObject body) => UntilTakenAsync($"create {resource.Resource} {body.Name} in {client.Cluster}", async () =>
    {
        try
        {
            await client.CreateAsync(resource, ns, body, default);
        }
        catch (StatusException e) when (e.Reason == StatusReason.AlreadyExists && !e.Message.Contains("being deleted", StringComparison.Ordinal))
        {
            // Somebody answered before, or the object is the cluster's own.
        }
    });

    public Task MergeAsync(KubeClient client, GroupVersionResource resource, string ns, string name, string patch) =>
        UntilTakenAsync($"change {resource.Resource} {name} in {client.Cluster}", () => client.PatchAsync(resource, ns, name, PatchKind.Merge, Bodies.Json(patch), default));

    /// <summary>As fast as one can, without a pause before.</summary>
    public Task MergeAtOnceAsync(KubeClient client, GroupVersionResource resource, string ns, string name, string patch) =>
        client.PatchAsync(resource, ns, name, PatchKind.Merge, Bodies.Json(patch), default);

    /// <summary>Until it is gone, or on its way.</summary>
    public Task DeleteAsync(KubeClient client, GroupVersionResource resource, string ns, string name) =>
        UntilTakenAsync($"delete {resource.Resource} {name} in {client.Cluster}", () => client.DeleteAsync(resource, ns, name, null, default));

    public async Task GoneAsync(KubeClient client, GroupVersionResource resource, string ns, string name)
    {
        while (await client.FindAsync(resource, ns, name, default) is not null)
        {
            await AgainAsync($"{resource.Resource} {name}", "it is there");
        }
    }

    /// <returns>The object as it is then.</returns>
    public async Task<KubeObject> UntilAsync(KubeClient client, GroupVersionResource resource, string ns, string name, Func<KubeObject, bool> holds)
    {
        while (true)
        {
            if (await client.FindAsync(resource, ns, name, default) is { } found && holds(found))
            {
                return found;
            }

            await AgainAsync($"{resource.Resource} {name}", "it is not yet as awaited");
        }
    }

    /// <exception cref="TimeoutException">Faults are over soon after this, and the step was still not taken.</exception>
    private Task AgainAsync(string step, string why) =>
        world.Time.Elapsed < Patience ? Task.Delay(Retry, world.Time) : throw new TimeoutException($"the user waits since long, {step}: {why}");

    private async Task UntilTakenAsync(string step, Func<Task> attempt)
    {
        await PauseAsync(0, 0.4);
        while (true)
        {
            try
            {
                await attempt();
                return;
            }
            catch (StatusException e) when (e.IsNotFound || e.IsConflict || e.Code is 403 or 409 or 429 or >= 500)
            {
                await AgainAsync(step, e.Message);
            }
        }
    }
}
