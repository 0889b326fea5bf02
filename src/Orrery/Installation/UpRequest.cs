using System.Text.RegularExpressions;
using Orrery.Commands;

namespace Orrery.Installation;

/// <summary>What <c>orrery up</c> was asked for; null means: as the installation was made, or the default.</summary>
internal sealed partial record UpRequest(string DataDir, int? Port, IReadOnlyList<string>? DataPlanes)
{
    /// <summary>The settings to run with, checked.</summary>
    /// <exception cref="CommandFailedException">A value is out of range.</exception>
    public Settings Resolve(Settings? existing)
    {
        Settings settings = existing ?? new Settings();
        settings = settings with { Port = Port ?? settings.Port, DataPlanes = DataPlanes ?? settings.DataPlanes };
        if (settings.Port < 1 || settings.Port + settings.DataPlanes.Count > ushort.MaxValue)
        {
            throw new CommandFailedException($"--port {settings.Port}: want 1 to {ushort.MaxValue - settings.DataPlanes.Count}, since {settings.DataPlanes.Count} data planes take the ports after it");
        }

        if (settings.DataPlanes.Count == 0)
        {
            throw new CommandFailedException("--data-planes: name at least one");
        }

        foreach (string name in settings.DataPlanes)
        {
            // Three characters go to the prefix of its namespace, dp-NAME, which is a label of at most 63.
            if (name.Length > 60 || !DnsLabel().IsMatch(name))
            {
                throw new CommandFailedException($"--data-planes: '{name}' is no name for a data plane: want at most 60 lower-case letters, digits and dashes, first and last no dash");
            }
        }

        if (settings.DataPlanes.Distinct(StringComparer.Ordinal).Count() != settings.DataPlanes.Count)
        {
            throw new CommandFailedException("--data-planes: a name stands there twice");
        }

        return settings;
    }

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    private static partial Regex DnsLabel();
}
