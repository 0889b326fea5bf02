using System.Globalization;

namespace Orrery.Installation;

/// <summary>The processes that make up an installation: a control plane, and for each data plane its simulation and its satellite.</summary>
internal static class Processes
{
    public const string ControlPlane = "control-plane";

    public static IReadOnlyList<OrreryProcess> Of(DataDirectory directory, Settings settings) =>
    [
        new(directory, ControlPlane, "control plane", settings.Server,
            ["serve", "--data-dir", directory.Path, "--port", Text(settings.Port)]),
        .. settings.DataPlanes.Select(dataPlane => new OrreryProcess(
            directory, DataPlane(dataPlane), "simulated data plane", new Uri($"https://127.0.0.1:{settings.DataPlanePort(dataPlane)}"),
            ["simulate", dataPlane, "--folder", directory.DataPlaneFolder(dataPlane), "--port", Text(settings.DataPlanePort(dataPlane)), "--nodes", Text(settings.Nodes)])),
        .. settings.DataPlanes.Select(dataPlane => new OrreryProcess(
            directory, Satellite(dataPlane), "satellite", null,
            ["satellite", dataPlane, "--join-file", directory.JoinFile(dataPlane), "--kubeconfig", directory.DataPlaneKubeconfig(dataPlane)])),
    ];

    public static string DataPlane(string dataPlane) => "data-plane-" + dataPlane;

    public static string Satellite(string dataPlane) => "satellite-" + dataPlane;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
