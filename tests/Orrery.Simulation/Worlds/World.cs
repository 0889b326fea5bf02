using System.Security.Cryptography.X509Certificates;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers;
using Orrery.Satellite;
using Orrery.Simulation.Faults;
using Orrery.Simulation.Network;
using Orrery.Simulation.Outcome;
using Orrery.Simulation.Script;
using Orrery.Simulation.Time;
using Orrery.Simulator;
using Workloads = Orrery.Simulator.Simulation;

namespace Orrery.Simulation.Worlds;

/// <summary>
/// A whole installation in one process and on one thread: the control plane's API server, its controllers, data planes with simulated
/// nodes and workloads, a satellite in each, and a user. Everything but the network, the clock and chance is what the product ships.
/// </summary>
internal sealed class World
{
    public const string ControlPlane = "control-plane";
    public const string Controllers = "controllers";
    public const string User = "user";
    public const string KubeletsPrefix = "kubelets-";
    public const string SatellitePrefix = "satellite-";

    /// <summary>By which one of several control planes leads, and where it stands in the store.</summary>
    public const string LeaseName = "orrery-controllers";
    public const string LeaseKey = "/coordination.k8s.io/leases/-/kube-system/" + LeaseName;

    public static readonly IReadOnlyList<string> DataPlanes = ["alpha", "beta", "gamma"];

    /// <summary>When the last fault has passed; the user is done long before.</summary>
    public static readonly TimeSpan StormEnds = TimeSpan.FromSeconds(60);

    /// <summary>After the last fault everything must be in place within this time.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(60);

    /// <summary>So long that a change which nobody was woken by is not found in time: the regular look must not hide a lost wake-up.</summary>
    private static readonly TimeSpan LevelInterval = TimeSpan.FromHours(6);

    private readonly IReadOnlyList<string> planes;
    private readonly TimeSpan levelInterval;
    private readonly int seed;
    private readonly FaultPlan plan;
    private readonly Random chance;
    private readonly List<string> schedule = [];
    private readonly List<SimulatedProcess> processes = [];
    private readonly Dictionary<string, SimulatedProcess> satellites = [];
    private readonly Dictionary<string, SimulatedServer> servers = [];
    private readonly SortedSet<string> broken = new(StringComparer.Ordinal);
    private bool isOver;

    private World(int seed, FaultPlan plan, IReadOnlyList<string> planes, TimeSpan levelInterval)
    {
        this.planes = planes;
        this.levelInterval = levelInterval;
        this.seed = seed;
        this.plan = plan;
        chance = new Random(seed);
        Time = new VirtualTime(new Random(chance.Next()));
        Weather = new Weather(plan, new Random(chance.Next()));
    }

    public VirtualTime Time { get; }

    public Weather Weather { get; }

    public SimulatedProcess SatelliteOf(string plane) => satellites[plane];

    /// <summary>Whether two control planes stand for election, rather than one that acts.</summary>
    public bool HasStandby => plan.HasStandby;

    /// <summary>How many control planes there are to be.</summary>
    private int Wanted => HasStandby ? 2 : 1;

    public IEnumerable<SimulatedProcess> Living => processes.Where(p => !p.IsDead && p.Name != User && !p.Name.StartsWith(KubeletsPrefix, StringComparison.Ordinal));

    /// <summary>The control planes that run, the last one started last.</summary>
    public IReadOnlyList<SimulatedProcess> ControlPlanes => [.. processes.Where(p => !p.IsDead && p.Name == Controllers)];

    public Promises Promises => field ??= new Promises(this);

    /// <summary>Runs the world of one seed to its end.</summary>
    /// <param name="patience">Of real time.</param>
    public static RunResult Run(int seed, FaultPlan plan, TimeSpan patience)
    {
        var world = new World(seed, plan, DataPlanes, LevelInterval);
        List<string> state = [];
        Exception? fault = null;
        try
        {
            Turns.Run(world.Time, async () => state = await world.RunAsync(), patience);
        }
        catch (Exception e) when (e is TimeoutException or InvalidOperationException)
        {
            fault = e;
        }

        return new RunResult(seed, plan, [.. world.broken, .. state], world.schedule, world.Weather.Count, fault);
    }

    /// <summary>Adds a line to the schedule.</summary>
    public void Note(string what) => schedule.Add(FormattableString.Invariant($"{Time.Elapsed.TotalSeconds,11:0.000000} {what}"));

    /// <summary>Something that must hold at this moment, whatever goes wrong; that it did not is part of the outcome.</summary>
    /// <param name="what">The rule; the same for all runs.</param>
    /// <param name="found">How it is instead.</param>
    public void Promise(bool isKept, string what, string found)
    {
        if (!isKept && broken.Add($"promise broken: {what}"))
        {
            Note($"promise broken: {what}: {found}");
        }
    }

    /// <summary>How many lines of the schedule are about a process of that name.</summary>
    public int StepsOf(string name) => schedule.Count(line => line.Contains($" {name} ", StringComparison.Ordinal));

    /// <summary>A client of the user's, which nothing goes wrong for.</summary>
    public KubeClient ClientOf(string server)
    {
        SimulatedServer target = servers[server];
        return new KubeClient(Config(new SimulatedProcess(User, 0, Time), target, Credentials.Everywhere("user")), Time);
    }

    /// <summary>Kills a process; one of the same kind starts a while later.</summary>
    public void Crash(SimulatedProcess process)
    {
        if (process.IsDead)
        {
            return;
        }

        process.Kill();
        Weather.CutAll(process);
        if (process.Name == Controllers)
        {
            _ = LaterAsync(Weather.Between(0.05, 3), ReplaceControllers);
        }
        else if (satellites.FirstOrDefault(s => s.Value == process).Key is { } plane)
        {
            _ = LaterAsync(Weather.Between(0.05, 3), () => StartSatellite(plane));
        }
    }

    /// <summary>Runs a fleet without faults and without workloads, for what it costs; see <see cref="ScaleScript"/>.</summary>
    public static IReadOnlyList<string> Measure(int dataPlanes, int tenants, int installations, TimeSpan patience)
    {
        var world = new World(1, FaultPlan.None(Chapter.Install), [.. Enumerable.Range(1, dataPlanes).Select(n => $"plane-{n}")], ScaleScript.LevelInterval);
        world.Weather.IsStormy = false;
        var script = new ScaleScript(world, world.planes, tenants, installations);
        Turns.Run(world.Time, () => world.RunAsync(script), patience);
        return script.Said;
    }

    private async Task RunAsync(ScaleScript script)
    {
        await StartServersAsync();
        StartControllers();
        foreach (string plane in planes)
        {
            StartSatellite(plane);
        }

        await script.RunAsync();
        await EndAsync([]);
    }

    private async Task StartServersAsync()
    {
        var hub = new SimulatedHub(Time);
        servers[ControlPlane] = await SimulatedServer.StartAsync(ControlPlane, Time, seed + 1, servesVirtualClusters: true, hub);
        SimulatedProcess host = Start(User);
        host.Running = hub.RunAsync(ClientOf(ControlPlane), host.Stopping);
        foreach (string plane in planes)
        {
            servers[plane] = await SimulatedServer.StartAsync(plane, Time, seed + 1 + servers.Count, servesVirtualClusters: false);
        }
    }

    private async Task<List<string>> RunAsync()
    {
        // 1. Servers, and what runs workloads in the data planes.
        await StartServersAsync();
        Workloads[] workloads = [.. planes.Select(StartWorkloads)];

        // 2. Controllers and satellites, the user, and what goes wrong.
        for (int i = 0; i < Wanted; i++)
        {
            StartControllers();
        }

        foreach (string plane in planes)
        {
            StartSatellite(plane);
        }

        Task user = new UserScript(this, plan.Chapter).RunAsync();
        await new Storm(this, plan).RunAsync();
        await WaitAsync(StormEnds - Time.Elapsed);

        // 3. From here on all is well, and comes to what the user asked for.
        Weather.IsStormy = false;
        Note("the storm is over");
        await user;
        await WaitAsync(Settling);
        List<string> state = await FinalState.ReadAsync(servers.Values);

        // 4. Everybody goes home.
        await EndAsync(workloads);
        return state;
    }

    private async Task EndAsync(IReadOnlyList<Workloads> workloads)
    {
        isOver = true;
        foreach (SimulatedProcess process in processes)
        {
            process.Kill();
        }

        await Task.WhenAll(processes.Select(p => p.Running));
        foreach (Workloads each in workloads)
        {
            each.Dispose();
        }

        foreach (SimulatedServer server in servers.Values)
        {
            await server.DisposeAsync();
        }
    }

    public Task WaitAsync(TimeSpan wait) => Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Time);

    private async Task LaterAsync(TimeSpan wait, Action what)
    {
        await WaitAsync(wait);
        if (!isOver)
        {
            what();
        }
    }

    private SimulatedProcess Start(string name)
    {
        var process = new SimulatedProcess(name, processes.Count, Time);
        processes.Add(process);
        return process;
    }

    private Workloads StartWorkloads(string plane)
    {
        SimulatedProcess process = Start(KubeletsPrefix + plane);
        var client = new KubeClient(Config(process, servers[plane], Credentials.OfRoot("system:kube-controller-manager", "system:masters")), process.Clock);
        var workloads = new Workloads(client, new SimulationOptions { Name = plane, Nodes = plan.Chapter == Chapter.Size ? 3 : 1, Time = process.Clock, Seed = seed + 1 });
        process.Running = workloads.RunAsync(process.Stopping);
        return workloads;
    }

    /// <summary>Starts what is missing: somebody else may have taken the place of one that was killed.</summary>
    public void ReplaceControllers()
    {
        if (ControlPlanes.Count < Wanted)
        {
            StartControllers();
        }
    }

    public SimulatedProcess StartControllers()
    {
        SimulatedProcess process = Start(Controllers);
        Note($"{process.Identity} starts");
        var options = new ControllersOptions
        {
            Api = Config(process, servers[ControlPlane], Credentials.Everywhere("orrery:controllers")),
            LevelInterval = levelInterval,
            Seed = seed + 1,
            Time = process.Clock,
            ChartCarrier = () => new ChartRepository(this, process),
        };
        process.Running = HasStandby ? StandAsync(process, options) : new OrreryControllers(options).RunAsync(process.Stopping);
        return process;
    }

    /// <summary>As a server of several does: the controllers run while it leads, and write nothing when it may not.</summary>
    private static async Task StandAsync(SimulatedProcess process, ControllersOptions options)
    {
        using var client = new KubeClient(options.Api, process.Clock);
        var election = new LeaderElection(client, new LeaderElectionOptions { Name = LeaseName, Identity = process.Identity, LeaseDuration = TimeSpan.FromSeconds(14), Time = process.Clock });
        process.Leads = () => election.MayAct;
        ControllersOptions guarded = options with { Api = options.Api with { MayChange = process.Leads } };
        await election.RunAsync(token => new OrreryControllers(guarded).RunAsync(token), process.Stopping);
    }

    private void StartSatellite(string plane)
    {
        SimulatedProcess process = Start(SatellitePrefix + plane);
        satellites[plane] = process;
        Note($"satellite of {plane} starts");
        X509Certificate2 own = Credentials.OfRoot(OrreryNames.SatelliteUser(plane), OrreryNames.SatelliteGroup);
        process.Running = new SatelliteAgent(new SatelliteOptions
        {
            DataPlane = plane,
            ControlPlane = Config(process, servers[ControlPlane], own),
            Cluster = Config(process, servers[plane], Credentials.OfRoot("orrery-satellite", "system:masters")),
            LevelInterval = LevelInterval,
            Tunnel = new SimulatedTunnel(plane, servers[ControlPlane].Url, new Link(this, process, servers[ControlPlane], own), process.Clock),
            Seed = seed + 1,
            Instance = process.Name,
            Time = process.Clock,
        }).RunAsync(process.Stopping);
    }

    private ClientConfig Config(SimulatedProcess process, SimulatedServer server, X509Certificate2 certificate) =>
        new(server.Url) { Carrier = () => new Link(this, process, server, certificate) };
}
