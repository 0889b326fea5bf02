using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Apply;
using Orrery.Server.Admission;
using Orrery.Storage;

namespace Orrery.Server.Registry;

/// <summary>Makes an object: upstream's <c>registry/generic/registry/store.go</c>, Create, and <c>rest.BeforeCreate</c>.</summary>
internal sealed class ObjectCreation(ObjectStore objects, AdmissionChain admission, ServiceAddresses addresses, TimeProvider time, NameSource names)
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
        string generateName = json.TextAt("metadata", "generateName") ?? "";
        bool isGenerated = json.Name.Length == 0 && generateName.Length > 0;

        // 1. Metadata that the server owns, and what the kind lets nobody set.
        CheckPlace(scope, json);
        PrepareMetadata(scope, json);
        if (!isApplied)
        {
            FieldManager.Update(null, json, resource.Schema, scope.FieldManager, null, time.GetUtcNow(), resource.Strategy.ResetFields(""));
        }

        resource.Strategy.PrepareForCreate(json);

        // 2. Admission, before anything is said about the object's own faults.
        await admission.AdmitAsync(
            new AdmissionRequest
            {
                Operation = AdmissionOperation.Create,
                Resource = resource,
                Cluster = scope.Cluster,
                Namespace = scope.Namespace,
                Name = json.Name,
                Object = json,
                User = scope.User,
            },
            cancellationToken);

        for (int attempt = 1; ; attempt++)
        {
            if (isGenerated)
            {
                json.Metadata["name"] = names.Generate(generateName);
            }

            // 3. Validation of the final object.
            resource.Strategy.Default(json);
            IReadOnlyList<FieldError> errors = [.. resource.Strategy.ValidateCreate(json)];
            if (errors.Count > 0)
            {
                throw ApiErrors.Invalid(resource.Kind.GroupKind, json.Name, errors);
            }

            using ServiceAddresses.Reservation? reservation = addresses.Reserve(scope, json, null);
            resource.Conversion?.ToStored(json);
            byte[] stored = ObjectEncoding.Encode(json);
            if (scope.DryRun)
            {
                return objects.Exists(resource, scope.Cluster, scope.Namespace, json.Name)
                    ? throw ApiErrors.AlreadyExists(scope.GroupResource, json.Name)
                    : new WriteResult(stored, 0, Created: true);
            }

            // 4. One durable commit; the key must be free, of an object of the base layer too.
            CommitResult commit = objects.Exists(resource, scope.Cluster, scope.Namespace, json.Name) ? default : await objects.CreateAsync(resource, scope.Cluster, scope.Namespace, json.Name, stored, cancellationToken);
            if (commit.Succeeded)
            {
                // 5. What belongs to it.
                foreach (IFollowUp followUp in FollowUps.Where(f => f.Concerns(resource.GroupResource)))
                {
                    await followUp.FollowAsync(scope.Cluster, scope.Namespace, json.Name, cancellationToken);
                }

                return new WriteResult(ObjectEncoding.WithRevision(stored, commit.Revision), commit.Revision, Created: true);
            }

            if (!isGenerated || attempt == MaxNameAttempts)
            {
                throw ApiErrors.AlreadyExists(scope.GroupResource, json.Name);
            }

            resource.Conversion?.FromStored(json);
        }
    }

    private static void CheckPlace(WriteScope scope, JsonObject json)
    {
        if (json.ResourceVersion is { Length: > 0 } and not "0")
        {
            throw new StatusException(new Status { Code = 500, Message = "resourceVersion should not be set on objects to be created" });
        }

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

    private void PrepareMetadata(WriteScope scope, JsonObject json)
    {
        JsonObject metadata = json.Metadata;
        metadata.Remove("deletionTimestamp");
        metadata.Remove("deletionGracePeriodSeconds");
        metadata.Remove("selfLink");
        metadata.Remove("clusterName");
        metadata.Remove("resourceVersion");
        metadata["uid"] = names.Uid();
        metadata["creationTimestamp"] = time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        json["apiVersion"] = scope.Resource.Kind.ApiVersion;
        json["kind"] = scope.Resource.Kind.Kind;
    }
}
