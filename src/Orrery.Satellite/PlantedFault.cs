namespace Orrery.Satellite;

/// <summary>
/// A mistake that the simulation makes on purpose, to see that it finds it. Only the simulation ever sets it; each is one line where it is asked for.
/// </summary>
internal static class Planted
{
    public static PlantedFault Fault { get; set; }
}

/// <summary>What may be planted here.</summary>
internal enum PlantedFault
{
    None,
    PrunesOnlyWhatItRemembers,
    IgnoresDrift,
    ForgetsLostReports,
    KeepsObservations,
    EntersFormerNamespaces,
    SettlesForGood,
}
