namespace Orrery.Simulation.Faults;

/// <summary>Mistakes in the product's own code that can be switched on, one at a time, to see that runs find them.</summary>
internal static class Mistakes
{
    public static IReadOnlyList<string> All { get; } =
    [
        .. Enum.GetNames<Client.PlantedFault>().Skip(1), .. Enum.GetNames<Controllers.PlantedFault>().Skip(1), .. Enum.GetNames<Satellite.PlantedFault>().Skip(1),
    ];

    /// <param name="name">One of <see cref="All"/>; empty makes none.</param>
    public static void Plant(string name)
    {
        Client.Planted.Fault = Enum.TryParse(name, out Client.PlantedFault ofClient) ? ofClient : default;
        Controllers.Planted.Fault = Enum.TryParse(name, out Controllers.PlantedFault ofControllers) ? ofControllers : default;
        Satellite.Planted.Fault = Enum.TryParse(name, out Satellite.PlantedFault ofSatellite) ? ofSatellite : default;
    }
}
