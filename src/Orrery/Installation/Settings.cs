using System.Text.Json;
using System.Text.Json.Serialization;
using Orrery.Commands;

namespace Orrery.Installation;

/// <summary>What an installation was set up with; kept in its data directory so that later commands need no options.</summary>
internal sealed record Settings
{
    public const int DefaultPort = 7443;

    public static readonly IReadOnlyList<string> DefaultDataPlanes = ["pa2-par", "ny8-nyc", "ams9-ams"];

    /// <summary>Port of the control plane; data plane number n (from one) listens on this plus n.</summary>
    public int Port { get; init; } = DefaultPort;

    /// <summary>Simulated data planes, in the order of their ports.</summary>
    public IReadOnlyList<string> DataPlanes { get; init; } = DefaultDataPlanes;

    /// <summary>Simulated nodes in each data plane.</summary>
    public int Nodes { get; init; } = 3;

    /// <summary>Seconds between two looks of the controllers at everything; null is their own.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? LevelInterval { get; init; }

    /// <summary>Where users reach the API, as the server that started last was told; null is <see cref="Server"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Uri? PublicUrl { get; init; }

    /// <summary>Where this machine reaches the API.</summary>
    [JsonIgnore]
    public Uri Server => new($"https://127.0.0.1:{Port}");

    public int DataPlanePort(string dataPlane) => Port + 1 + DataPlanes.ToList().IndexOf(dataPlane);

    /// <returns>Null where there is no installation.</returns>
    /// <exception cref="CommandFailedException">What it was set up with cannot be read.</exception>
    public static Settings? Load(DataDirectory directory)
    {
        try
        {
            return directory.Exists ? JsonSerializer.Deserialize(File.ReadAllBytes(directory.SettingsFile), InstallationJson.Default.Settings) : null;
        }
        catch (JsonException damaged)
        {
            throw new CommandFailedException($"{directory.SettingsFile}, which says how the installation was made, is damaged: {damaged.Message}", damaged);
        }
    }

    public void Save(DataDirectory directory) =>
        PrivateFile.Write(directory.SettingsFile, JsonSerializer.Serialize(this, InstallationJson.Default.Settings));

    /// <summary>Keeps where users reach the API beside what is kept already.</summary>
    public static void KeepPublicUrl(DataDirectory directory, Uri? url)
    {
        if (Load(directory) is { } kept && kept.PublicUrl != url)
        {
            (kept with { PublicUrl = url }).Save(directory);
        }
    }
}

/// <summary>One started process, by what tells it from a later one with the same id.</summary>
/// <param name="StartTicks">Start time in UTC ticks as the operating system tells it.</param>
/// <param name="Started">The same by the machine's own count (<see cref="ProcessStat.Started"/>); null elsewhere than on Linux, and for one that an older version started.</param>
internal sealed record ProcessRecord(int Pid, long StartTicks, long? Started = null);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Settings))]
[JsonSerializable(typeof(ProcessRecord))]
internal sealed partial class InstallationJson : JsonSerializerContext;
