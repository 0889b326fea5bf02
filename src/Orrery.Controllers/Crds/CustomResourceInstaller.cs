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

    /// <summary>Applies all definitions and waits until each is established. May be called again at any time.</summary>
    /// <returns>How many definitions there are.</returns>
    public static async Task<int> InstallAsync(KubeClient cluster, TimeProvider time, CancellationToken cancellationToken)
    {
        KubeObject[] applied = await Task.WhenAll(OrreryCrds.All.Select(file => ApplyAsync(cluster, file.Yaml, cancellationToken))).ConfigureAwait(false);
        foreach (KubeObject definition in applied)
        {
            KubeObject current = definition;
            while (!Conditions.IsTrue(current, "Established"))
            {
                await Task.Delay(LookAgain, time, cancellationToken).ConfigureAwait(false);
                current = await cluster.GetAsync(CoreResources.CustomResourceDefinitions, "", definition.Name, cancellationToken).ConfigureAwait(false);
            }
        }

        return applied.Length;
    }

    private static Task<KubeObject> ApplyAsync(KubeClient cluster, string yaml, CancellationToken cancellationToken)
    {
        JsonObject definition = YamlJson.Parse(yaml)!.AsObject();
        return cluster.ApplyAsync(
            CoreResources.CustomResourceDefinitions, "", definition.Name, definition, OrreryNames.Manager, force: true, cancellationToken);
    }
}
