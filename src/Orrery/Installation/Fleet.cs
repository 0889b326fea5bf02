using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Installation;

/// <summary>The fleet as the command line sees it: resources of the root cluster.</summary>
internal static class Fleet
{
    public const string FieldManager = "orrery-cli";

    /// <summary>Where the data planes of the demo stand; others carry no region.</summary>
    private static readonly Dictionary<string, (string Region, string Cloud)> Places = new(StringComparer.Ordinal)
    {
        ["pa2-par"] = ("europe", "simulated-a"),
        ["ams9-ams"] = ("europe", "simulated-b"),
        ["ny8-nyc"] = ("america", "simulated-a"),
    };

    /// <summary>Makes the DataPlane of every simulated data plane; what a user has changed on one since stays.</summary>
    public static async Task EnsureDataPlanesAsync(RunningInstallation installation, CancellationToken cancellationToken)
    {
        foreach (string name in installation.Settings.DataPlanes)
        {
            if (await installation.Root.FindAsync(OrreryResources.DataPlanes, "", name, cancellationToken).ConfigureAwait(false) is null)
            {
                _ = await installation.Root.ApplyAsync(OrreryResources.DataPlanes, "", name, DataPlane(name), FieldManager, force: false, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    public static bool IsTrue(KubeObject item, string conditionType) =>
        Condition(item, conditionType) is { } condition && condition.GetProperty("status").ValueEquals("True");

    /// <summary>The condition of that type, or null.</summary>
    public static JsonElement? Condition(KubeObject item, string conditionType)
    {
        if (item.At("status", "conditions") is { ValueKind: JsonValueKind.Array } conditions)
        {
            foreach (JsonElement condition in conditions.EnumerateArray())
            {
                if (condition.GetProperty("type").ValueEquals(conditionType))
                {
                    return condition;
                }
            }
        }

        return null;
    }

    private static JsonObject DataPlane(string name)
    {
        var labels = new JsonObject();
        if (Places.TryGetValue(name, out (string Region, string Cloud) place))
        {
            labels["region"] = place.Region;
            labels["cloud"] = place.Cloud;
        }

        return new JsonObject
        {
            ["apiVersion"] = OrreryResources.ApiVersion,
            ["kind"] = "DataPlane",
            ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = labels },
            ["spec"] = new JsonObject { ["access"] = "Shared" },
        };
    }
}
