using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Crds;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Machinery;

namespace Orrery.Controllers.Crds;

/// <summary>
/// Puts Orrery's own kinds into a cluster, of ours or any other. Servers of two versions may share a store while they are upgraded: what the newer has put there, the older
/// does not take back, or every object written then would lose what only the newer knows.
/// </summary>
public static class CustomResourceInstaller
{
    private const string Rules = "x-kubernetes-validations";

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);

    private static readonly Version Own = typeof(CustomResourceInstaller).Assembly.GetName().Version!;

    /// <summary>Read once: a process may install them many times, into many clusters.</summary>
    private static readonly JsonObject[] Definitions = [.. OrreryCrds.All.Select(file => YamlJson.Parse(file.Yaml)!.AsObject())];

    /// <summary>Applies all definitions and waits until each is established. May be called again at any time.</summary>
    /// <returns>How many definitions there are.</returns>
    public static Task<int> InstallAsync(KubeClient cluster, TimeProvider time, CancellationToken cancellationToken) => InstallAsync(cluster, Definitions, Own, time, cancellationToken);

    /// <param name="version">Of the program that knows these definitions.</param>
    internal static async Task<int> InstallAsync(KubeClient cluster, IEnumerable<JsonObject> definitions, Version version, TimeProvider time, CancellationToken cancellationToken) =>
        (await Task.WhenAll(definitions.Select(d => EstablishAsync(cluster, Marked(d, version), version, time, cancellationToken))).ConfigureAwait(false)).Length;

    private static JsonObject Marked(JsonObject definition, Version version)
    {
        var marked = (JsonObject)definition.DeepClone();
        marked.Metadata.ObjectAt("annotations")[OrreryNames.VersionAnnotation] = version.ToString(3);
        return marked;
    }

    private static bool IsNewer(KubeObject present, Version version) =>
        Version.TryParse(present.Annotations.GetValueOrDefault(OrreryNames.VersionAnnotation), out Version? by) && by > new Version(version.Major, version.Minor, version.Build);

    private static Task<KubeObject> ApplyAsync(KubeClient cluster, JsonObject definition, CancellationToken cancellationToken) => cluster.ApplyAsync(
        CoreResources.CustomResourceDefinitions, "", definition.Name, definition, OrreryNames.Manager, force: true, cancellationToken);

    private static JsonObject WithoutRules(JsonObject definition)
    {
        var copy = (JsonObject)definition.DeepClone();
        Strip(copy);
        return copy;

        static void Strip(JsonNode? node)
        {
            if (node is JsonObject map)
            {
                map.Remove(Rules);
            }

            foreach (JsonNode? inner in node is JsonObject members ? members.Select(m => m.Value) : node as JsonArray ?? [])
            {
                Strip(inner);
            }
        }
    }

    private static async Task<KubeObject> EstablishAsync(KubeClient cluster, JsonObject definition, Version version, TimeProvider time, CancellationToken cancellationToken)
    {
        KubeObject? current = await cluster.FindAsync(CoreResources.CustomResourceDefinitions, "", definition.Name, cancellationToken).ConfigureAwait(false);
        if (current is null || !IsNewer(current, version))
        {
            current = await ApplyAnywhereAsync(cluster, definition, cancellationToken).ConfigureAwait(false);
        }

        while (!Conditions.IsTrue(current, "Established"))
        {
            await Task.Delay(LookAgain, time, cancellationToken).ConfigureAwait(false);
            current = await cluster.GetAsync(CoreResources.CustomResourceDefinitions, "", definition.Name, cancellationToken).ConfigureAwait(false);
        }

        return current;
    }

    private static async Task<KubeObject> ApplyAnywhereAsync(KubeClient cluster, JsonObject definition, CancellationToken cancellationToken)
    {
        try
        {
            return await ApplyAsync(cluster, definition, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.Message.Contains(Rules + ": field not declared", StringComparison.Ordinal))
        {
            // Kubernetes before 1.23 knows no rules in schemas, and refuses what it does not know: there nobody judges what spans fields.
            return await ApplyAsync(cluster, WithoutRules(definition), cancellationToken).ConfigureAwait(false);
        }
    }
}
