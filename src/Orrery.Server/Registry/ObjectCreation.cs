using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Apply;
using Orrery.Server.Admission;
using Orrery.Server.Admission.Quota;
using Orrery.Server.Clusters;
using Orrery.Server.Fairness;
using Orrery.Storage;

namespace Orrery.Server.Registry;

/// <summary>Makes an object: upstream's <c>registry/generic/registry/store.go</c>, Create, and <c>rest.BeforeCreate</c>.</summary>
internal sealed class ObjectCreation(ObjectStore objects, ObjectVersions versions, AdmissionChain admission, ServiceAddresses addresses, QuotaLedger quotas, ClusterRoom room, TimeProvider time, NameSource names)
{
    /// <summary>A generated name that is taken is replaced this often before the client hears of it.</summary>
    private const int MaxNameAttempts = 8;

    /// <summary>Set once, before the first request: follow-ups write through this class themselves.</summary>
    public IReadOnlyList<IFollowUp> FollowUps { get; set; } = [];

    /// <param name="json">Decoded and defaulted, in the version of the scope's resource. Changed in place.</param>
    /// <param name="isApplied">Managed fields are already right (server-side apply).</param>
    public async ValueTask<WriteResult> CreateAsync(WriteScope scope, JsonObject json, bool isApplied, CancellationToken cancellationToken)
    {
        ResourceDefinition resource = scope.Resource;

        // 1. Metadata that the server owns.
        bool hasRevision = HasRevision(json);
        CheckPlace(scope, json);
        WipeMetadata(scope, json);
        if (!isApplied)
        {
            OwnerReferences.Deduplicate(scope, json, isAfterMutation: false);
            FieldManager.Update(null, json, resource.Schema, scope.FieldManager, null, time.GetUtcNow(), resource.Strategy.ResetFields(""));
        }

        // 2. Admission may change the object, before anything is said about its own faults.
        AdmissionRequest asked = scope.Admission(AdmissionOperation.Create, json.Name, json, null);
        await admission.MutateAsync(asked, cancellationToken);
        if (asked.IsReplaced)
        {
            json = asked.Object!;
            hasRevision |= HasRevision(json);
            CheckPlace(scope, json);
            WipeMetadata(scope, json);
        }

        OwnerReferences.Deduplicate(scope, json, isAfterMutation: true);

        // 3. What the kind lets nobody set, and what the server gives.
        json.Metadata["uid"] = names.Uid();
        json.Metadata["creationTimestamp"] = time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        resource.Strategy.PrepareForCreate(json);
        string generateName = json.TextAt("metadata", "generateName") ?? "";
        bool isGenerated = json.Name.Length == 0 && generateName.Length > 0;
        if (json.Name.Length == 0 && !isGenerated && resource.GroupResource is { Group: "", Resource: "limitranges" })
        {
            // The one kind that needs no name (upstream: pkg/registry/core/limitrange/strategy.go).
            json.Metadata["name"] = names.Uid();
        }

        for (int attempt = 1; ; attempt++)
        {
            if (isGenerated)
            {
                json.Metadata["name"] = names.Generate(generateName);
            }

            // 4. Validation of the final object: its kind's, then admission's.
            resource.Strategy.DefaultApplied(json);
            IReadOnlyList<FieldError> errors = [.. resource.Strategy.ValidateCreate(json, cancellationToken)];
            if (errors.Count > 0)
            {
                throw ApiErrors.Invalid(resource.Kind.GroupKind, json.Name, errors);
            }

            scope.Warn(json, null);

            // A Service has its addresses before admission judges it, as upstream.
            using ServiceAddresses.Reservation? reservation = await addresses.ReserveAsync(scope, json, null, cancellationToken);
            await admission.ValidateAsync(scope.Admission(AdmissionOperation.Create, json.Name, json, null), cancellationToken);
            byte[] stored = ObjectEncoding.Encode(await versions.EncodeAsync(scope, json, cancellationToken));
            room.Check(objects.Caches.Contents, scope, json.Name, stored.Length, null);
            if (scope.DryRun)
            {
                quotas.Check(scope, json, null);
                return objects.Exists(resource, scope.Cluster, scope.Namespace, json.Name)
                    ? throw Taken(scope, json)
                    : new WriteResult(stored, 0, Created: true);
            }

            // 5. One durable commit; the key must be free, of an object of the base layer too. As upstream, where the store itself looks, a stray revision is told of last.
            if (hasRevision)
            {
                throw new StatusException(new Status { Code = 500, Message = "resourceVersion should not be set on objects to be created" });
            }

            bool isTaken = objects.Exists(resource, scope.Cluster, scope.Namespace, json.Name);
            if (isTaken)
            {
                // Upstream asks the quota first: it is part of admission.
                quotas.Check(scope, json, null);
            }

            CommitResult commit = default;
            if (!isTaken)
            {
                using Aside aside = scope.Seat.SetAside();
                commit = await quotas.CommitAsync(scope, json, null, charge => objects.CreateAsync(resource, scope.Cluster, scope.Namespace, json.Name, stored, charge.And(reservation?.Guards ?? default), cancellationToken), cancellationToken);
            }

            if (commit.Succeeded)
            {
                // 6. What belongs to it.
                foreach (IFollowUp followUp in FollowUps.Where(f => f.Concerns(resource.GroupResource)))
                {
                    await followUp.FollowAsync(scope.Cluster, scope.Namespace, json.Name, cancellationToken);
                }

                return new WriteResult(ObjectEncoding.WithRevision(stored, commit.Revision), commit.Revision, Created: true);
            }

            if (reservation?.Guards.Failed(commit) == true)
            {
                // Another server gave addresses to a Service meanwhile, or somebody wrote an IPAddress, and perhaps of these.
                json["spec"] = reservation.Asked;
                attempt--;
            }
            else if (!isGenerated || attempt == MaxNameAttempts)
            {
                throw Taken(scope, json);
            }

            resource.Conversion?.FromStored(json);
        }
    }

    /// <summary>409; who waits for the present one to go is told that it is going, and who leaves names to the server that another may do.</summary>
    private StatusException Taken(WriteScope scope, JsonObject json)
    {
        Status status = ApiErrors.AlreadyExists(scope.GroupResource, json.Name).Status;
        if (objects.Find(scope.Resource, scope.Cluster, scope.Namespace, json.Name) is { } present && KubeObject.Parse(present.Json.Span).IsDeleting)
        {
            status = status with { Message = "object is being deleted: " + status.Message };
        }

        return new StatusException(json.TextAt("metadata", "generateName") is not { Length: > 0 } ? status : status with
        {
            Message = status.Message + ", the server was not able to generate a unique name for the object",
            Details = status.Details! with { RetryAfterSeconds = 1 },
        });
    }

    /// <summary>What is no number is no revision, and none of anybody's business.</summary>
    private static bool HasRevision(JsonObject json) => ulong.TryParse(json.ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out ulong revision) && revision > 0;

    private static void CheckPlace(WriteScope scope, JsonObject json)
    {
        if (scope.Resource.Namespaced)
        {
            if (json.Namespace.Length > 0 && json.Namespace != scope.Namespace)
            {
                throw ApiErrors.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
            }

            json.Metadata["namespace"] = scope.Namespace;
        }
        else
        {
            json.Metadata.Remove("namespace");
        }
    }

    private static void WipeMetadata(WriteScope scope, JsonObject json)
    {
        JsonObject metadata = json.Metadata;
        metadata.Remove("deletionTimestamp");
        metadata.Remove("deletionGracePeriodSeconds");
        metadata.Remove("selfLink");
        metadata.Remove("clusterName");
        metadata.Remove("resourceVersion");
        metadata.Remove("uid");
        metadata.Remove("creationTimestamp");
        json["apiVersion"] = scope.Resource.Kind.ApiVersion;
        json["kind"] = scope.Resource.Kind.Kind;
    }
}
