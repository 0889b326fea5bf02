namespace Orrery.Simulation.Faults;

/// <summary>Mistakes in the product's own code that can be switched on, one at a time, to see that runs find them.</summary>
internal static class Mistakes
{
    public static IReadOnlyList<string> All { get; } =
    [
        .. Enum.GetNames<Client.PlantedFault>().Skip(1), .. Enum.GetNames<Controllers.PlantedFault>().Skip(1), .. Enum.GetNames<Satellite.PlantedFault>().Skip(1),
    ];

    /// <summary>A seed that finds each; found by <c>--mistake NAME --seeds A-B</c>.</summary>
    public static IReadOnlyDictionary<string, int> FoundBy { get; } = new Dictionary<string, int>(StringComparer.Ordinal)
    {
        ["QueueLosesKeyBeingWorkedOn"] = 1,
        ["QueueLosesRetries"] = 2,
        ["QueueRingsOnce"] = 1,
        ["HostForgivesConflicts"] = 10,
        ["HostForgivesBrokenConnections"] = 31,
        ["InformerKeepsWhatAListLacks"] = 23,
        ["InformerListsInSilence"] = 9,
        ["InformerMissesDeletionsOnResume"] = 59,
        ["PlacementLeavesFormerWorks"] = 3,
        ["PlacementIgnoresLostWorks"] = 20,
        ["DataPlaneGrantsOnlyAtFirst"] = 2,
        ["VirtualClusterHoldsNothing"] = 5,
        ["MirrorKeepsWhatIsGone"] = 3,
        ["MirrorWritesStatusOnce"] = 2,
        ["PrunesOnlyWhatItRemembers"] = 1,
        ["IgnoresDrift"] = 3,
        ["ForgetsLostReports"] = 80,
        ["KeepsObservations"] = 13,
        ["EntersFormerNamespaces"] = 73,
        ["SettlesForGood"] = 2,
    };

    /// <param name="name">One of <see cref="All"/>; empty makes none.</param>
    public static void Plant(string name)
    {
        Client.Planted.Fault = Enum.TryParse(name, out Client.PlantedFault ofClient) ? ofClient : default;
        Controllers.Planted.Fault = Enum.TryParse(name, out Controllers.PlantedFault ofControllers) ? ofControllers : default;
        Satellite.Planted.Fault = Enum.TryParse(name, out Satellite.PlantedFault ofSatellite) ? ofSatellite : default;
    }
}
