using Orrery.Api.Kinds;
using Orrery.Simulation.Worlds;

namespace Orrery.Simulation.Script;

/// <summary>
/// What the people around an installation do in every run, at times that the seed chooses: they make tenants and virtual clusters, apply,
/// change, move and delete, and somebody meddles in a data plane. Each tries a step again until it is taken.
/// </summary>
internal sealed class UserScript(World world, Chapter chapter)
{
    private readonly UserSteps steps = new(world);

    public async Task RunAsync()
    {
        // 1. The vendor: data planes and two tenants.
        foreach (string plane in World.DataPlanes)
        {
            await steps.CreateAsync(
                steps.Root, OrreryResources.DataPlanes, "", Bodies.Own("DataPlane", plane, plane == "alpha" ? """{"region": "eu"}""" : """{"region": "us"}""", "{}"));
        }

        await steps.CreateAsync(steps.Root, OrreryResources.Tenants, "", Bodies.Own("Tenant", "acme", "{}", "{}"));
        await steps.CreateAsync(
            steps.Root, OrreryResources.Tenants, "", Bodies.Own("Tenant", "globex", "{}", """{"members": [{"kind": "User", "name": "ada", "role": "developer"}]}"""));

        // 2. What the run is about; each alone most of the time, since a run that finds nothing should not cost much.
        Task[] chapters = chapter switch
        {
            Chapter.Use => [new UseChapter(steps).RunAsync()],
            Chapter.ComeAndGo => [new ComeAndGoChapter(steps).RunAsync()],
            Chapter.Install => [new InstallChapter(steps).RunAsync()],
            Chapter.Fleet => [new FleetChapter(steps).RunAsync()],
            Chapter.Size => [new SizeChapter(steps, world).RunAsync()],
            _ => [new UseChapter(steps).RunAsync(), new ComeAndGoChapter(steps).RunAsync(), new InstallChapter(steps).RunAsync()],
        };
        await Task.WhenAll(chapters);
        world.Note("the user is done");
    }
}
