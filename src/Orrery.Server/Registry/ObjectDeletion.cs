using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Server.Admission;
using Orrery.Server.Handlers;
using Orrery.Storage;

namespace Orrery.Server.Registry;

/// <summary>
/// Deletes an object, or marks it where finalizers or a grace period hold it: upstream's
/// <c>registry/generic/registry/store.go</c>, Delete, and <c>rest.BeforeDelete</c>.
/// </summary>
internal sealed class ObjectDeletion(ObjectStore objects, ObjectVersions versions, AdmissionChain admission, ServiceAddresses addresses, TimeProvider time)
{
    private const string OrphanFinalizer = "orphan";
    private const string ForegroundFinalizer = "foregroundDeletion";
    private const int MaxAttempts = 100;

    /// <summary>Nothing holds it any more.</summary>
    public static bool IsComplete(JsonObject json) =>
        json.IsDeleting
        && json.NodeAt("metadata", "finalizers") is not JsonArray { Count: > 0 }
        && (json.NumberAt("metadata", "deletionGracePeriodSeconds") ?? 0) == 0
        && json.NodeAt("spec", "finalizers") is not JsonArray { Count: > 0 };

    /// <param name="isAdmitted">Admission has already seen what this follows from, such as an Eviction.</param>
    public async ValueTask<WriteResult> DeleteAsync(WriteScope scope, DeleteOptions options, CancellationToken cancellationToken, bool isAdmitted = false)
    {
        ResourceDefinition resource = scope.Resource;
        for (int attempt = 1; ; attempt++)
        {
            // 1. What is there, and whether it is what the client means.
            StoredObject current = objects.Find(resource, scope.Cluster, scope.Namespace, scope.Name)
                ?? throw ApiErrors.NotFound(scope.GroupResource, scope.Name);
            JsonObject old = await versions.DecodeAsync(scope, current, cancellationToken);
            CheckPreconditions(scope, options, old);

            // 2. Admission.
            if (!isAdmitted)
            {
                await admission.AdmitAsync(scope.Admission(AdmissionOperation.Delete, scope.Name, null, old), cancellationToken);
            }

            // 3. Mark it, or delete it.
            JsonObject json = (JsonObject)old.DeepClone();
            Mark(resource, scope.Cluster, json, options);
            bool isGone = IsComplete(json);
            if (!isGone && ObjectStore.IsSame(json, old))
            {
                return new WriteResult(current.Json, current.Revision);
            }

            byte[] stored = ObjectEncoding.Encode(await versions.EncodeAsync(scope, json, cancellationToken));

            if (scope.DryRun)
            {
                byte[] answered = isGone ? ObjectEncoding.Encode(Final(resource, json, old)) : stored;
                return new WriteResult(ObjectEncoding.WithRevision(answered, current.Revision), 0, Deleted: isGone);
            }

            CommitResult commit;
            using (scope.Seat.SetAside())
            {
                commit = isGone
                    ? await objects.DeleteAsync(resource, scope.Cluster, scope.Namespace, scope.Name, current, addresses.Released(scope, old), cancellationToken)
                    : await objects.ReplaceAsync(resource, scope.Cluster, scope.Namespace, scope.Name, stored, current, default, cancellationToken);
            }

            if (commit.Succeeded)
            {
                return isGone
                    ? new WriteResult(ObjectEncoding.WithRevision(ObjectEncoding.Encode(Final(resource, json, old)), commit.Revision), commit.Revision, Deleted: true)
                    : new WriteResult(ObjectEncoding.WithRevision(stored, commit.Revision), commit.Revision);
            }

            if (attempt == MaxAttempts)
            {
                throw ApiErrors.Conflict(scope.GroupResource, scope.Name);
            }
        }
    }

    /// <exception cref="StatusException">409: it is not what the client means.</exception>
    public static void CheckPreconditions(WriteScope scope, DeleteOptions options, JsonObject old)
    {
        string what = scope.Resource.Kind.Kind;
        if (options.Uid is { } uid && uid != old.Uid)
        {
            throw ApiErrors.Conflict(new GroupResource(scope.GroupResource.Group, what), scope.Name, $"the UID in the precondition ({uid}) does not match the UID in record ({old.Uid}). The object might have been deleted and then recreated");
        }

        if (options.ResourceVersion is { } version && version != old.ResourceVersion)
        {
            throw ApiErrors.Conflict(new GroupResource(scope.GroupResource.Group, what), scope.Name, $"the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({old.ResourceVersion}). The object might have been modified");
        }
    }

    private void Mark(ResourceDefinition resource, ClusterName cluster, JsonObject json, DeleteOptions options)
    {
        JsonObject metadata = json.Metadata;
        DateTimeOffset now = time.GetUtcNow();
        bool wasDeleting = json.IsDeleting;
        if (wasDeleting && json.NumberAt("metadata", "deletionGracePeriodSeconds") is > 0 and { } running)
        {
            // It is on its way. Who asks for less time shortens what is left of it; nothing else changes anything now.
            if (options.GracePeriodSeconds is not { } asked || AtLeastOne(asked) >= running)
            {
                return;
            }

            long shorter = AtLeastOne(asked);
            metadata["deletionTimestamp"] = Stamp((DateTimeOffset.TryParse(json.TextAt("metadata", "deletionTimestamp"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset due) ? due : now).AddSeconds(shorter - running));
            metadata["deletionGracePeriodSeconds"] = shorter;
        }

        // Of what waits for finalizers alone a later delete may say otherwise how dependents are met. Kinds with a deletion of their own are asked once.
        if (!wasDeleting || !resource.Strategy.IsDeletedByFinalizer)
        {
            PlaceFinalizers(metadata, options);
        }

        if (!wasDeleting)
        {
            long grace = GracePeriod(resource, cluster, json, options);
            metadata["deletionTimestamp"] = Stamp(now.AddSeconds(grace));
            if (!resource.Strategy.IsDeletedByFinalizer)
            {
                metadata["deletionGracePeriodSeconds"] = grace;
            }

            if (metadata["generation"] is JsonValue generation && generation.TryGetValue(out long n) && n > 0 && !resource.Strategy.IsDeletedByFinalizer)
            {
                metadata["generation"] = n + 1;
            }
        }

        resource.Strategy.PrepareForDelete(json, Stamp(now));
    }

    /// <summary>How dependents are met is kept as a finalizer that the garbage collector takes away.</summary>
    private static void PlaceFinalizers(JsonObject metadata, DeleteOptions options)
    {
        string? policy = options.PropagationPolicy;
        if (policy is null)
        {
            bool isSaid = metadata["finalizers"] is JsonArray said && said.Any(f => f!.GetValue<string>() is OrphanFinalizer or ForegroundFinalizer);
            if (isSaid || !options.OrphansUnlessSaid)
            {
                return;
            }

            policy = "Orphan";
        }

        var kept = metadata["finalizers"] is JsonArray there
            ? there.Select(f => f!.GetValue<string>()).Where(f => f is not (OrphanFinalizer or ForegroundFinalizer)).ToList()
            : [];
        if (policy != "Background")
        {
            kept.Add(policy == "Orphan" ? OrphanFinalizer : ForegroundFinalizer);
        }

        if (kept.Count == 0)
        {
            metadata.Remove("finalizers");
        }
        else
        {
            metadata["finalizers"] = new JsonArray([.. kept.Select(f => (JsonNode?)f)]);
        }
    }

    private static long GracePeriod(ResourceDefinition resource, ClusterName cluster, JsonObject json, DeleteOptions options)
    {
        if (!IsPod(resource))
        {
            return 0;
        }

        // A pod that no kubelet has, or that has ended, needs none (registry/core/pod/strategy.go). One of a virtual cluster that runs in data planes has theirs.
        bool isRun = json.TextAt("spec", "nodeName") is { Length: > 0 } || (!cluster.IsRoot && json.TextAt("metadata", "annotations", OrreryNames.RunsInAnnotation) is { Length: > 0 });
        return !isRun || json.TextAt("status", "phase") is "Failed" or "Succeeded"
            ? 0
            : AtLeastOne(options.GracePeriodSeconds ?? json.NumberAt("spec", "terminationGracePeriodSeconds") ?? 30);
    }

    /// <summary>Less than nothing is a second, as upstream has it: zero takes the object away under whoever runs it.</summary>
    private static long AtLeastOne(long grace) => grace < 0 ? 1 : grace;

    private static string Stamp(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>What a deleted object is answered as: with its marks where the kind has a grace period, else as it was.</summary>
    private static JsonObject Final(ResourceDefinition resource, JsonObject marked, JsonObject old) => IsPod(resource) ? marked : old;

    private static bool IsPod(ResourceDefinition resource) => resource.Resource is { Group: "", Resource: "pods" };
}
