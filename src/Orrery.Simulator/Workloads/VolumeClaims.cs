using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Workloads;

/// <summary>The PersistentVolumeClaims of a StatefulSet's pods: made once, kept when the pod goes.</summary>
internal sealed class VolumeClaims(SimulatedCluster cluster)
{
    public async Task EnsureAsync(KubeObject set, string pod, JsonObject spec, CancellationToken cancellationToken)
    {
        if (set.At("spec", "volumeClaimTemplates") is not { ValueKind: System.Text.Json.JsonValueKind.Array } templates)
        {
            return;
        }

        if (spec["volumes"] is not JsonArray volumes)
        {
            spec["volumes"] = volumes = [];
        }

        foreach (JsonObject template in templates.EnumerateArray().Select(t => JsonObject.Create(t)!.DeepClone().AsObject()))
        {
            string volume = template.Name;
            string claim = $"{volume}-{pod}";
            foreach (JsonNode? same in volumes.Where(v => v?["name"]?.GetValue<string>() == volume).ToList())
            {
                volumes.Remove(same);
            }

            volumes.Add((JsonNode)new JsonObject
            {
                ["name"] = volume,
                ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = claim },
            });
            await CreateAsync(set, template, claim, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task CreateAsync(KubeObject set, JsonObject template, string claim, CancellationToken cancellationToken)
    {
        if (cluster.Claims.Get(ClusterName.Root, set.Namespace, claim) is not null)
        {
            return;
        }

        JsonObject labels = template.Metadata["labels"]?.DeepClone().AsObject() ?? [];
        foreach ((string name, JsonNode? value) in set.CopyAt("spec", "selector", "matchLabels"))
        {
            labels[name] = value?.DeepClone();
        }

        try
        {
            await cluster.CreateAsync(cluster.Claims, new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "PersistentVolumeClaim",
                ["metadata"] = new JsonObject
                {
                    ["name"] = claim,
                    ["namespace"] = set.Namespace,
                    ["labels"] = labels,
                    ["annotations"] = template.Metadata["annotations"]?.DeepClone(),
                },
                ["spec"] = template["spec"]?.DeepClone(),
            }, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsAlreadyExists)
        {
            // Kept from an earlier pod of that number.
        }
    }
}
