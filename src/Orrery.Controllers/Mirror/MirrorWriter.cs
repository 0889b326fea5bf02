using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Mirror;

/// <summary>Brings one mirrored object to what it should be, with the fewest writes.</summary>
internal sealed class MirrorWriter(KubeClient root)
{
    /// <param name="wanted">With its status.</param>
    /// <returns>As it was made, before its status.</returns>
    public async Task<KubeObject> CreateAsync(GroupVersionResource resource, ClusterName cluster, JsonObject wanted, CancellationToken cancellationToken)
    {
        KubeClient client = root.InCluster(cluster);
        JsonNode? status = wanted["status"]?.DeepClone();
        wanted.Remove("status");
        KubeObject made = await client.CreateAsync(resource, wanted.Namespace, wanted, cancellationToken).ConfigureAwait(false);
        if (status is not null)
        {
            await WriteStatusAsync(client, resource, made, status, cancellationToken).ConfigureAwait(false);
        }

        return made;
    }

    /// <summary>Makes it unless one of its name is there.</summary>
    public async Task EnsureAsync(GroupVersionResource resource, ClusterName cluster, JsonObject wanted, CancellationToken cancellationToken)
    {
        try
        {
            await root.InCluster(cluster).CreateAsync(resource, wanted.Namespace, wanted, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsAlreadyExists)
        {
            // Of a node of that name before this one: it is as good.
        }
    }

    /// <summary>Says on which node it runs. The control plane may say so again where that changes.</summary>
    /// <returns>The pod as it is then.</returns>
    public async Task<KubeObject> BindAsync(KubeObject pod, string node, CancellationToken cancellationToken)
    {
        KubeClient client = root.InCluster(pod.Cluster);
        var binding = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Binding",
            ["metadata"] = new JsonObject { ["name"] = pod.Name, ["namespace"] = pod.Namespace, ["uid"] = pod.Uid },
            ["target"] = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Node", ["name"] = node },
        };
        await client.CreateAsync(CoreResources.Bindings, pod.Namespace, binding, cancellationToken).ConfigureAwait(false);
        return await client.GetAsync(CoreResources.Pods, pod.Namespace, pod.Name, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Gives a pod that its tenant made to those who own it now, where nobody has changed it since it was seen.</summary>
    /// <returns>The pod as it is then.</returns>
    public Task<KubeObject> GiveAsync(KubeObject pod, JsonArray references, CancellationToken cancellationToken) => root.InCluster(pod.Cluster).PatchAsync(
        CoreResources.Pods, pod.Namespace, pod.Name, PatchKind.Json,
        new JsonArray(
            new JsonObject { ["op"] = "test", ["path"] = "/metadata/resourceVersion", ["value"] = pod.ResourceVersion },
            new JsonObject { ["op"] = "add", ["path"] = "/metadata/ownerReferences", ["value"] = references }),
        cancellationToken);

    /// <summary>Labels, annotations and the named other members, then the status; each only when it differs.</summary>
    /// <returns>As it was last written; null when nothing differed.</returns>
    public async Task<KubeObject?> UpdateAsync(
        GroupVersionResource resource, ClusterName cluster, KubeObject present, JsonObject wanted, CancellationToken cancellationToken, params string[] members)
    {
        KubeClient client = root.InCluster(cluster);
        var patch = new JsonArray(new JsonObject { ["op"] = "test", ["path"] = "/metadata/uid", ["value"] = present.Uid });
        foreach (string map in (ReadOnlySpan<string>)["labels", "annotations"])
        {
            if (resource == CoreResources.Pods)
            {
                CompareKeys(patch, "/metadata/" + map, present.At("metadata", map), wanted.NodeAt("metadata", map));
            }
            else
            {
                Compare(patch, "/metadata/" + map, present.At("metadata", map), wanted.NodeAt("metadata", map));
            }
        }

        int sofar = patch.Count;
        Compare(patch, "/metadata/ownerReferences", present.At("metadata", "ownerReferences"), wanted.NodeAt("metadata", "ownerReferences"));
        if (patch.Count > sofar)
        {
            // Where its owner has let go of it since, it is to be judged anew.
            patch.Insert(0, new JsonObject { ["op"] = "test", ["path"] = "/metadata/resourceVersion", ["value"] = present.ResourceVersion });
        }

        foreach (string member in members)
        {
            Compare(patch, "/" + member, present.At(member), wanted[member]);
        }

        KubeObject? written = null;
        if (patch.Count > 1)
        {
            written = await client.PatchAsync(resource, present.Namespace, present.Name, PatchKind.Json, patch, cancellationToken).ConfigureAwait(false);
        }

        if (wanted["status"] is { } status && Planted.Fault != PlantedFault.MirrorWritesStatusOnce && !JsonComparison.IsSame(present.At("status"), status))
        {
            written = await WriteStatusAsync(client, resource, present, status.DeepClone(), cancellationToken).ConfigureAwait(false);
        }

        return written;
    }

    /// <summary>Whether an object that was seen is there as this is asked, and is not on its way out.</summary>
    public async Task<bool> IsThereAsync(GroupVersionResource resource, KubeObject seen, CancellationToken cancellationToken) =>
        await root.InCluster(seen.Cluster).FindAsync(resource, seen.Namespace, seen.Name, cancellationToken).ConfigureAwait(false) is { IsDeleting: false } now && now.Uid == seen.Uid;

    /// <summary>Asks the satellite, by a mark on the Observation, to delete the pod that <paramref name="present"/> stands for.</summary>
    /// <param name="uid">Of the pod in its data plane: another pod that gets its name meanwhile is not meant.</param>
    public async Task RequestDeletionAsync(KubeObject observation, KubeObject present, string uid, CancellationToken cancellationToken)
    {
        long grace = present.NumberAt("metadata", "deletionGracePeriodSeconds") ?? 0;
        string request = string.Create(CultureInfo.InvariantCulture, $"{uid}/{grace}");
        if (observation.Annotations.GetValueOrDefault(OrreryNames.DeleteRequestAnnotation) == request)
        {
            return;
        }

        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["uid"] = observation.Uid,
                ["annotations"] = new JsonObject { [OrreryNames.DeleteRequestAnnotation] = request },
            },
        };
        await root.PatchAsync(OrreryResources.Observations, observation.Namespace, observation.Name, PatchKind.Merge, patch, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Asks the satellite, by a mark on the Observation, to change the pod itself; a wish that came true is taken back, lest it undo what comes after it.</summary>
    public async Task RequestChangesAsync(KubeObject observation, PodChanges asked, CancellationToken cancellationToken)
    {
        string? request = asked.IsEmpty ? null : asked.ToText();
        if (observation.Annotations.GetValueOrDefault(PodChanges.Annotation) == request)
        {
            return;
        }

        var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = observation.Uid, ["annotations"] = new JsonObject { [PodChanges.Annotation] = request, [PodChanges.DoneAnnotation] = null } } };
        await root.PatchAsync(OrreryResources.Observations, observation.Namespace, observation.Name, PatchKind.Merge, patch, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Gives a mirrored pod what its original has got since: containers to debug it with, and other resources.</summary>
    /// <param name="resources">Whether those of the original hold.</param>
    /// <param name="digest">Of the original's resources, to be kept on the mirrored pod; null leaves it as it is.</param>
    /// <returns>As it was last written; null when it has all that already.</returns>
    public async Task<KubeObject?> FollowAsync(ClusterName cluster, KubeObject present, JsonObject original, bool resources, string? digest, CancellationToken cancellationToken)
    {
        KubeClient client = root.InCluster(cluster);
        var here = new PodChanges(present.Uid, original.NodeAt("spec", "ephemeralContainers") as JsonArray ?? [], resources ? PodChanges.Differing(present.ToJsonObject(), original) : []);
        PodChanges missing = here.LeftOf(present);
        KubeObject? written = null;
        if (missing.Ephemeral.Count > 0)
        {
            written = await client.PatchAsync(CoreResources.Pods, present.Namespace, present.Name, PatchKind.Strategic, missing.EphemeralPatch(), cancellationToken, "ephemeralcontainers").ConfigureAwait(false);
        }

        if (missing.Resources.Count > 0)
        {
            written = await client.PatchAsync(CoreResources.Pods, present.Namespace, present.Name, PatchKind.Strategic, missing.ResizePatch(), cancellationToken, "resize").ConfigureAwait(false);
        }

        if (digest is not null && present.Annotations.GetValueOrDefault(OrreryNames.SourceResourcesAnnotation) != digest)
        {
            var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = present.Uid, ["annotations"] = new JsonObject { [OrreryNames.SourceResourcesAnnotation] = digest } } };
            written = await client.PatchAsync(CoreResources.Pods, present.Namespace, present.Name, PatchKind.Merge, patch, cancellationToken).ConfigureAwait(false);
        }

        return written;
    }

    /// <summary>Deletes it, and lets go of it.</summary>
    public async Task DeleteAsync(
        GroupVersionResource resource, ClusterName cluster, KubeObject present, long? grace, CancellationToken cancellationToken)
    {
        try
        {
            if (present.Finalizers.Contains(OrreryNames.MirrorFinalizer) && grace is 0)
            {
                var release = new JsonArray(
                    new JsonObject { ["op"] = "test", ["path"] = "/metadata/uid", ["value"] = present.Uid },
                    new JsonObject { ["op"] = "test", ["path"] = "/metadata/finalizers", ["value"] = new JsonArray([.. present.Finalizers.Select(f => (JsonNode)f)]) },
                    new JsonObject
                    {
                        ["op"] = "add",
                        ["path"] = "/metadata/finalizers",
                        ["value"] = new JsonArray([.. present.Finalizers.Where(f => f != OrreryNames.MirrorFinalizer).Select(f => (JsonNode)f)]),
                    });
                await root.InCluster(cluster).PatchAsync(
                    resource, present.Namespace, present.Name, PatchKind.Json, release, cancellationToken).ConfigureAwait(false);
            }

            await root.InCluster(cluster).DeleteAsync(
                resource, present.Namespace, present.Name, new DeleteQuery { Uid = present.Uid, GracePeriodSeconds = grace, PropagationPolicy = "Background" }, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // Gone already, alone or with its whole cluster: what was wanted.
        }
    }

    private static Task<KubeObject> WriteStatusAsync(
        KubeClient client, GroupVersionResource resource, KubeObject present, JsonNode status, CancellationToken cancellationToken)
    {
        var patch = new JsonArray(
            new JsonObject { ["op"] = "test", ["path"] = "/metadata/uid", ["value"] = present.Uid },
            new JsonObject { ["op"] = "add", ["path"] = "/status", ["value"] = status });
        return client.PatchAsync(resource, present.Namespace, present.Name, PatchKind.Json, patch, cancellationToken, "status");
    }

    /// <summary>Key by key: what its tenant writes meanwhile is not known here, and is not to be lost.</summary>
    private static void CompareKeys(JsonArray patch, string path, JsonElement? present, JsonNode? wanted)
    {
        if (wanted is not JsonObject map || present is not { ValueKind: JsonValueKind.Object } found)
        {
            Compare(patch, path, present, wanted);
            return;
        }

        foreach ((string key, JsonNode? value) in map)
        {
            if (!found.TryGetProperty(key, out JsonElement there) || !JsonComparison.IsSame(there, value))
            {
                AsSeen(patch, path, key, there);
                patch.Add((JsonNode)new JsonObject { ["op"] = "add", ["path"] = $"{path}/{Escape(key)}", ["value"] = value?.DeepClone() });
            }
        }

        foreach (JsonProperty gone in found.EnumerateObject().Where(m => !map.ContainsKey(m.Name)))
        {
            AsSeen(patch, path, gone.Name, gone.Value);
            patch.Add((JsonNode)new JsonObject { ["op"] = "remove", ["path"] = $"{path}/{Escape(gone.Name)}" });
        }
    }

    /// <summary>The note of what its tenant changed is replaced as it was seen, and not where it says more by now.</summary>
    private static void AsSeen(JsonArray patch, string path, string key, JsonElement there)
    {
        if (key == PodMetadata.Annotation && there.ValueKind == JsonValueKind.String)
        {
            patch.Add((JsonNode)new JsonObject { ["op"] = "test", ["path"] = $"{path}/{Escape(key)}", ["value"] = there.GetString() });
        }
    }

    private static string Escape(string key) => key.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    private static void Compare(JsonArray patch, string path, JsonElement? present, JsonNode? wanted)
    {
        if (wanted is not null && !JsonComparison.IsSame(present, wanted))
        {
            patch.Add((JsonNode)new JsonObject { ["op"] = "add", ["path"] = path, ["value"] = wanted.DeepClone() });
        }
    }
}
