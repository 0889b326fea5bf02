using Orrery.Simulation.Faults;

namespace Orrery.Simulation.Worlds;

/// <summary>What goes wrong at times of its own, each drawn from the seed.</summary>
internal sealed class Storm(World world, FaultPlan plan)
{
    /// <summary>By then the next leader has taken over from one that reaches nobody.</summary>
    private static readonly TimeSpan Handover = TimeSpan.FromSeconds(20);

    /// <summary>Runs until all of it has passed.</summary>
    public Task RunAsync()
    {
        var all = new List<Task>();
        void At(int times, string what, Func<Task> happens)
        {
            for (int i = 0; i < times; i++)
            {
                all.Add(AtAsync(world.Weather.Between(1, 45), what, happens));
            }
        }

        At(plan.ControllerCrashes, "controllers-killed", () =>
        {
            if (world.ControlPlanes is [.., var last])
            {
                world.Note($"{last.Identity} is killed");
                world.Crash(last);
            }

            return Task.CompletedTask;
        });
        At(plan.SatelliteCrashes, "satellites-killed", () =>
        {
            string plane = World.DataPlanes[world.Weather.Pick(World.DataPlanes.Count)];
            world.Note($"satellite of {plane} is killed");
            world.Crash(world.SatelliteOf(plane));
            return Task.CompletedTask;
        });
        At(plan.Silences, "silences", SilenceAsync);
        At(plan.Outages, "outages", OutageAsync);
        At(plan.ClockJumps, "clock-jumps", () =>
        {
            SimulatedProcess[] living = [.. world.Living];
            SimulatedProcess struck = living[world.Weather.Pick(living.Length)];
            struck.Clock.Offset += TimeSpan.FromSeconds(world.Weather.Between(-7200, 7200).TotalSeconds);
            world.Note($"the clock of {struck.Name} jumps to {struck.Clock.GetUtcNow():O}");
            return Task.CompletedTask;
        });
        At(plan.Handovers, "handovers", plan.HasStandby ? TakeOverAsync : OverlapAsync);
        return Task.WhenAll(all);
    }

    private async Task AtAsync(TimeSpan at, string what, Func<Task> happens)
    {
        await world.WaitAsync(at);
        world.Weather.Count.Add(what);
        await happens();
    }

    private async Task SilenceAsync()
    {
        string plane = World.DataPlanes[world.Weather.Pick(World.DataPlanes.Count)];
        SimulatedProcess struck = world.SatelliteOf(plane);
        world.Note($"{plane} falls silent");
        struck.CutOffs++;
        world.Weather.CutAll(struck);
        TimeSpan wait = world.Weather.Between(1, 60);
        await world.WaitAsync(world.Time.Elapsed + wait < World.StormEnds ? wait : World.StormEnds - world.Time.Elapsed);
        struck.CutOffs--;
        struck.IsBehindHistory = true;
        world.Note($"{plane} is heard again");
        await world.WaitAsync(TimeSpan.FromSeconds(2));
        struck.IsBehindHistory = false;
    }

    /// <summary>The way to the control plane is away for so short a time that everybody goes on where they were, and misses nothing.</summary>
    private async Task OutageAsync()
    {
        SimulatedProcess[] controllers = [.. world.ControlPlanes];
        SimulatedProcess[] all = [.. controllers, .. World.DataPlanes.Select(world.SatelliteOf)];
        SimulatedProcess struck = controllers.Length > 0 && world.Weather.Pick(2) == 0 ? controllers[^1] : all[world.Weather.Pick(all.Length)];
        world.Note($"{struck.Name} reaches nobody");
        struck.CutOffs++;
        world.Weather.CutAll(struck);
        await world.WaitAsync(world.Weather.Between(0.1, 5));
        struck.CutOffs--;
        world.Note($"{struck.Name} is back");
    }

    /// <summary>The next leader starts before the former knows that it no longer is one: worse than an election lets it be.</summary>
    private async Task OverlapAsync()
    {
        IReadOnlyList<SimulatedProcess> former = world.ControlPlanes;
        SimulatedProcess next = world.StartControllers();
        world.Note($"{next.Identity} leads beside {string.Join(", ", former.Select(f => f.Identity))}");
        await world.WaitAsync(world.Weather.Between(0.01, 2));
        foreach (SimulatedProcess each in former)
        {
            world.Note($"{each.Identity} ends");
            each.Kill();
            world.Weather.CutAll(each);
        }

        world.ReplaceControllers();
    }

    /// <summary>The one that leads reaches nobody until the other leads, and then comes back.</summary>
    private async Task TakeOverAsync()
    {
        if (world.ControlPlanes.FirstOrDefault(c => c.Leads()) is not { } leader)
        {
            return;
        }

        world.Note($"{leader.Identity}, which leads, reaches nobody");
        leader.CutOffs++;
        world.Weather.CutAll(leader);
        await world.WaitAsync(Handover - world.Weather.Between(0, 8));
        leader.CutOffs--;
        world.Note($"{leader.Identity} is back");
    }
}
