using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Crds;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Machinery;

namespace Orrery.Controllers.Crds;

/// <summary>Puts Orrery's own kinds into a cluster, of ours or any other.</summary>
public static class CustomResourceInstaller
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);

    /// <summary>Read once: a process may install them many times, into many clusters.</summary>
    private static readonly JsonObject[] Definitions = [.. OrreryCrds.All.Select(file => YamlJson.Parse(file.Yaml)!.AsObject())];

    /// <summary>Applies all definitions and waits until each is established. May be called again at any time.</summary>
    /// <returns>How many definitions there are.</returns>
    public static async Task<int> InstallAsync(KubeClient cluster, TimeProvider time, CancellationToken cancellationToken) =>
        (await Task.WhenAll(Definitions.Select(d => EstablishAsync(cluster, d, time, cancellationToken))).ConfigureAwait(false)).Length;

    private static async Task<KubeObject> EstablishAsync(KubeClient cluster, JsonObject definition, TimeProvider time, CancellationToken cancellationToken)
    {
        KubeObject current = await cluster.ApplyAsync(
            CoreResources.CustomResourceDefinitions, "", definition.Name, definition, OrreryNames.Manager, force: true, cancellationToken).ConfigureAwait(false);
        while (!Conditions.IsTrue(current, "Established"))
        {
            await Task.Delay(LookAgain, time, cancellationToken).ConfigureAwait(false);
            current = await cluster.GetAsync(CoreResources.CustomResourceDefinitions, "", definition.Name, cancellationToken).ConfigureAwait(false);
        }

        return current;
    }
}
