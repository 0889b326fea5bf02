using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.CustomResources;
using Orrery.Server.Fairness;
using Orrery.Server.Metrics;
using Orrery.Server.Webhooks;
using Orrery.Storage;

namespace Orrery.Server.Registry;

/// <summary>
/// Objects in the version that a request speaks and in the one that is stored, where these differ: at once for built-in kinds and for
/// definitions without a converter, by the definition's webhook otherwise. The server's own upkeep takes objects as they are stored, so
/// that it waits for nobody's webhook.
/// </summary>
internal sealed class ObjectVersions(WebhookClient client, FairQueue seats, NameSource names, AdmissionMetrics metrics, TimeProvider time)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>Objects that are converted by one call, and bytes that its answer may hold.</summary>
    private const int BatchSize = 100;
    private const int MaxAnswerBytes = 64 * 1024 * 1024;

    /// <summary>A stored object as a mutable tree, in the version of the scope's resource.</summary>
    /// <exception cref="StatusException">500: it could not be converted.</exception>
    public async ValueTask<JsonObject> DecodeAsync(WriteScope scope, StoredObject stored, CancellationToken cancellationToken)
    {
        if (scope.Resource.Remote is null)
        {
            return ObjectStore.Decode(scope.Resource, stored);
        }

        JsonObject json = StoredJson.Parse(stored.Json.Span);
        return scope.ByServer ? json : Complete(scope.Resource, await ToAsync(scope.Resource, scope.Cluster, json, scope.Resource.Kind.ApiVersion, cancellationToken));
    }

    /// <summary>An object in the version that is stored: the same tree, changed, where no webhook converts it, and a new one otherwise.</summary>
    /// <exception cref="StatusException">500: it could not be converted.</exception>
    public async ValueTask<JsonObject> EncodeAsync(WriteScope scope, JsonObject json, CancellationToken cancellationToken)
    {
        if (scope.Resource.Remote is null)
        {
            scope.Resource.Conversion?.ToStored(json);
            return json;
        }

        return scope.ByServer ? json : await ToAsync(scope.Resource, scope.Cluster, json, scope.Resource.StoredKind.ApiVersion, cancellationToken);
    }

    /// <summary>An object in another version of its resource; itself where it is that already.</summary>
    /// <exception cref="StatusException">500: it could not be converted.</exception>
    public async ValueTask<JsonObject> ToAsync(ResourceDefinition resource, ClusterName cluster, JsonObject json, string apiVersion, CancellationToken cancellationToken) =>
        json.ApiVersion == apiVersion ? json : (await AskAsync(resource, cluster, [json], apiVersion, cancellationToken))[0];

    /// <summary>The bytes of one stored object in the version of a resource, resourceVersion included.</summary>
    /// <exception cref="StatusException">500: it could not be converted.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> ServeAsync(ResourceDefinition resource, ClusterName cluster, ReadOnlyMemory<byte> json, CancellationToken cancellationToken)
    {
        if (resource.Remote is null || resource.IsStoredAsServed(json.Span))
        {
            return json;
        }

        return ObjectEncoding.Write(Complete(resource, await ToAsync(resource, cluster, StoredJson.Parse(json.Span), resource.Kind.ApiVersion, cancellationToken)));
    }

    /// <summary>Cached objects in the version of a resource. Each is converted once, whoever asks.</summary>
    /// <exception cref="StatusException">500: one could not be converted.</exception>
    public async ValueTask<IReadOnlyList<CachedObject>> ServeAsync(ResourceDefinition resource, IReadOnlyList<CachedObject> items, CancellationToken cancellationToken)
    {
        if (resource.Remote is not { } remote || items.All(i => resource.IsStoredAsServed(i.Json.Span)))
        {
            return items;
        }

        string apiVersion = resource.Kind.ApiVersion;
        CachedObject[] served = [.. items];
        int[] missing = [.. Enumerable.Range(0, served.Length).Where(i => !resource.IsStoredAsServed(served[i].Json.Span) && !TryTake(remote, apiVersion, ref served[i]))];
        foreach (int[] batch in missing.Chunk(BatchSize))
        {
            JsonObject[] sent = [.. batch.Select(i => StoredJson.Parse(items[i].Json.Span))];
            IReadOnlyList<JsonObject> converted = await AskAsync(resource, items[batch[0]].Cluster, sent, apiVersion, cancellationToken);
            for (int n = 0; n < batch.Length; n++)
            {
                CachedObject before = items[batch[n]];
                served[batch[n]] = CachedObject.From(new StoredValue(before.Key, ObjectEncoding.Encode(Complete(resource, converted[n])), before.Revision, before.CreateRevision))!;
                remote.Converted.GetValue(before, static _ => new ConcurrentDictionary<string, CachedObject>(StringComparer.Ordinal))[apiVersion] = served[batch[n]];
            }
        }

        return served;
    }

    /// <summary>An event with its objects in the version of a resource.</summary>
    /// <exception cref="StatusException">500: one could not be converted.</exception>
    public async ValueTask<CacheEvent> ServeAsync(ResourceDefinition resource, CacheEvent change, CancellationToken cancellationToken)
    {
        if (resource.Remote is null)
        {
            return change;
        }

        IReadOnlyList<CachedObject> served = await ServeAsync(resource, change.Previous is { } previous ? [change.Object, previous] : [change.Object], cancellationToken);
        return new CacheEvent(change.Type, served[0], change.Previous is null ? null : served[1]);
    }

    /// <summary>With the defaults of the version's schema.</summary>
    private static JsonObject Complete(ResourceDefinition resource, JsonObject json)
    {
        resource.Complete(json);
        return json;
    }

    private static bool TryTake(WebhookConversion remote, string apiVersion, ref CachedObject item)
    {
        if (remote.Converted.TryGetValue(item, out ConcurrentDictionary<string, CachedObject>? known) && known.TryGetValue(apiVersion, out CachedObject? converted))
        {
            item = converted;
            return true;
        }

        return false;
    }

    private async ValueTask<IReadOnlyList<JsonObject>> AskAsync(ResourceDefinition resource, ClusterName cluster, IReadOnlyList<JsonObject> objects, string apiVersion, CancellationToken cancellationToken)
    {
        WebhookConversion remote = resource.Remote!;
        long began = time.GetTimestamp();
        bool succeeded = false;
        try
        {
            string version = remote.ReviewVersion ?? throw new WebhookException("no supported conversion review versions");
            string uid = names.Uid();
            JsonObject review;
            using (seats.SetAside(cluster))
            {
                review = await client.CallAsync(cluster, remote.Address, ConversionReview.Ask(version, uid, objects, apiVersion), Timeout, deadline: null, MaxAnswerBytes, credentials: null, cancellationToken);
            }

            IReadOnlyList<JsonObject> converted = ConversionReview.Read(version, uid, review, objects, apiVersion);
            succeeded = true;
            return converted;
        }
        catch (WebhookException fault)
        {
            throw new StatusException(new Status { Code = 500, Message = $"conversion webhook for {objects[0].GroupVersionKind} failed: {fault.Message}" });
        }
        finally
        {
            metrics.Conversion(succeeded, time.GetElapsedTime(began));
        }
    }
}
