using System.Diagnostics;
using Orrery.Simulation.Faults;
using Orrery.Simulation.Outcome;
using Orrery.Simulation.Worlds;

TimeSpan patience = TimeSpan.FromSeconds(120);
int from = 1, to = 1;
bool prints = false;
for (int i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--seeds" when args[i + 1].Split('-') is [var first, var last]:
            (from, to) = (int.Parse(first), int.Parse(last));
            i++;
            break;
        case "--seed":
            from = to = int.Parse(args[++i]);
            break;
        case "--schedule":
            prints = true;
            break;
        default:
            Console.Error.WriteLine("usage: Orrery.Simulation [--seed N | --seeds A-B] [--schedule]");
            return 2;
    }
}

RunResult calm = World.Run(0, FaultPlan.None, patience);
Console.WriteLine($"calm: {calm.State.Count} objects, {calm.Schedule.Count} requests, {calm.ControllerWrites} writes of controllers, schedule {calm.ScheduleDigest}");
int failed = 0;
for (int seed = from; seed <= to; seed++)
{
    var watch = Stopwatch.StartNew();
    FaultPlan plan = FaultPlan.Of(seed);
    RunResult run = World.Run(seed, plan, patience);
    string[] difference = run.Fault is { } fault ? [fault.Message] : [.. FinalState.Difference(calm.State, run.State)];
    string verdict = difference.Length == 0 ? "ok" : "another end:\n  " + string.Join("\n  ", difference);
    failed += verdict == "ok" ? 0 : 1;
    if (prints)
    {
        foreach (string line in run.Schedule)
        {
            Console.WriteLine(line);
        }
    }

    Console.WriteLine($"seed {seed} ({plan}): {verdict} [{watch.ElapsedMilliseconds} ms, schedule {run.ScheduleDigest}]");
}

Console.WriteLine($"{to - from + 1 - failed} agreed, {failed} did not");
return failed == 0 ? 0 : 1;
