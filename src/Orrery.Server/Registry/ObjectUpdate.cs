using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Apply;
using Orrery.Machinery.Kinds;
using Orrery.Server.Admission;
using Orrery.Server.Admission.Quota;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Storage;

namespace Orrery.Server.Registry;

/// <summary>How the wanted object follows from the one that is there.</summary>
internal sealed record ObjectChange
{
    /// <summary>
    /// Makes the wanted object from a copy of the current one (its own to change), in the scope's version. Called again
    /// with a newer copy when somebody else was faster.
    /// </summary>
    public required Func<JsonObject, JsonObject> Wanted { get; init; }

    /// <summary>Makes the object where none is; null answers 404.</summary>
    public Func<JsonObject>? Absent { get; init; }

    /// <summary>Managed fields are already right (server-side apply), or stay as they are.</summary>
    public bool HasManagedFields { get; init; }

    /// <summary>Try again on a lost race even if the wanted object names a resourceVersion that it took from the current one (patches).</summary>
    public bool IsPatch { get; init; }

    /// <summary>What admission is shown in the object's place; null for the object itself.</summary>
    public SubresourceView? View { get; init; }

    /// <summary>Admission has already seen what this follows from, such as a Binding.</summary>
    public bool IsAdmitted { get; init; }
}

/// <summary>A subresource that is shown as a kind of its own and stands for members of the object: a Scale.</summary>
/// <param name="Read">Makes it from the object.</param>
/// <param name="Write">Puts what it says into the object.</param>
internal sealed record SubresourceView(GroupVersionKind Kind, Func<JsonObject, JsonObject> Read, Action<JsonObject, JsonObject> Write);

/// <summary>Changes an object: upstream's <c>registry/generic/registry/store.go</c>, Update, and <c>rest.BeforeUpdate</c>.</summary>
internal sealed class ObjectUpdate(ObjectStore objects, ObjectVersions versions, AdmissionChain admission, ServiceAddresses addresses, QuotaLedger quotas, ClusterRoom room, ObjectCreation creation, TimeProvider time)
{
    private static readonly string[] OfServer = ["name", "namespace", "uid", "creationTimestamp", "generation"];

    /// <summary>What says that it is being deleted, and whether that stays whatever is sent in its place.</summary>
    private static readonly (string Member, bool IsKept)[] OfDeletion = [("deletionTimestamp", true), ("deletionGracePeriodSeconds", false)];

    /// <summary>Lost races after which the client is told to try again.</summary>
    private const int MaxAttempts = 100;

    /// <exception cref="StatusException">It is refused.</exception>
    public async ValueTask<WriteResult> UpdateAsync(WriteScope scope, ObjectChange change, CancellationToken cancellationToken)
    {
        WriteResult result = await TryUpdateAsync(scope, change, cancellationToken);
        return result.Refusal is { } refusal ? throw refusal : result;
    }

    /// <summary>As the other, for whoever answers what an object's kind finds wrong as it is: see <see cref="WriteResult.Refusal"/>.</summary>
    public async ValueTask<WriteResult> TryUpdateAsync(WriteScope scope, ObjectChange change, CancellationToken cancellationToken)
    {
        ResourceDefinition resource = scope.Resource;
        for (int attempt = 1; ; attempt++)
        {
            // 1. What is there now.
            if (objects.Find(resource, scope.Cluster, scope.Namespace, scope.Name) is not { } current)
            {
                JsonObject absent = change.Absent?.Invoke() ?? throw ApiErrors.NotFound(scope.GroupResource, scope.Name);
                try
                {
                    return await creation.CreateAsync(scope, absent, change.HasManagedFields, cancellationToken);
                }
                catch (StatusException taken) when (taken.IsAlreadyExists && attempt < MaxAttempts && objects.Find(resource, scope.Cluster, scope.Namespace, scope.Name) is not null)
                {
                    // Somebody else made it meanwhile: it is changed, as it would have been a moment later.
                    continue;
                }
            }

            JsonObject old = await versions.DecodeAsync(scope, current, cancellationToken);
            JsonObject json = change.Wanted((JsonObject)old.DeepClone());

            // 2. The object that the client means, and no other.
            CheckIdentity(scope, change, json, old);
            bool isUnconditional = change.IsPatch && json.ResourceVersion == old.ResourceVersion || json.ResourceVersion.Length == 0 || json.ResourceVersion == "0";

            // 3. The manager owns what it changed.
            string meant = json.ResourceVersion;
            KeepServerMetadata(json, old);
            if (!change.IsPatch)
            {
                OwnerReferences.Deduplicate(scope, json, isAfterMutation: false);
            }

            if (!change.HasManagedFields)
            {
                FieldManager.Update(
                    old, json, resource.Schema, scope.FieldManager, scope.Subresource.Length == 0 ? null : scope.Subresource, time.GetUtcNow(),
                    resource.Strategy.ResetFields(scope.Subresource));
            }

            // 4. Admission may change the object; what this endpoint may not change is put back.
            json = await MutateAsync(scope, change, json, meant, old, cancellationToken);
            OwnerReferences.Deduplicate(scope, json, isAfterMutation: true);
            resource.Strategy.PrepareForUpdate(json, old, scope.Subresource);

            // 5. Validation of the change: its kind's, then admission's.
            resource.Strategy.DefaultApplied(json);
            var warnings = new List<string>();
            IReadOnlyList<FieldError> errors = resource.Strategy.ValidateUpdate(json, old, scope.Subresource, warnings, cancellationToken);
            warnings.ForEach(scope.Notes.Warn);
            if (errors.Count > 0)
            {
                // Faults of the metadata are named twice: upstream checks it for every kind (rest.BeforeUpdate), and each kind once more.
                return new WriteResult(default, 0) { Refusal = ApiErrors.Invalid(resource.Kind.GroupKind, scope.Name, [.. ObjectMetaRules.ValidateUpdate(json, old), .. errors]) };
            }

            scope.Warn(json, old);
            using ServiceAddresses.Reservation? reservation = await addresses.ReserveAsync(scope, json, old, cancellationToken);
            if (!change.IsAdmitted)
            {
                await admission.ValidateAsync(Ask(scope, change, json, old.ResourceVersion, old), cancellationToken);
                json.Metadata.Remove("resourceVersion");
            }

            // 6. Nothing changed: nothing is written, the revision stays. But that is how objects are brought to another version for good, after which nobody reads the former.
            if (ObjectStore.IsSame(json, old) && (scope.ByServer || resource.IsInStoredVersion(current.Json.Span)))
            {
                return new WriteResult(current.Json, current.Revision);
            }

            byte[] stored = ObjectEncoding.Encode(await versions.EncodeAsync(scope, json, cancellationToken));
            room.Check(objects.Caches.Contents, scope, scope.Name, stored.Length + ObjectBytes.RevisionLength(current.Revision), current.Json.Length);
            if (scope.DryRun)
            {
                quotas.Check(scope, json, old);
                return new WriteResult(ObjectEncoding.WithRevision(stored, current.Revision), 0);
            }

            // 7. One durable commit, on condition that nobody was faster. The last finalizer of what is being deleted takes the object with it.
            bool isLast = ObjectDeletion.IsComplete(json);
            CommitAdditions more = isLast ? addresses.Released(scope, old) : reservation?.Guards ?? default;
            CommitResult commit;
            using (scope.Seat.SetAside())
            {
                commit = isLast
                    ? await objects.DeleteAsync(resource, scope.Cluster, scope.Namespace, scope.Name, current, more, cancellationToken)
                    : await quotas.CommitAsync(
                        scope, json, old, charge => objects.ReplaceAsync(resource, scope.Cluster, scope.Namespace, scope.Name, stored, current, charge.And(more), cancellationToken), cancellationToken);
            }

            if (commit.Succeeded)
            {
                return new WriteResult(ObjectEncoding.WithRevision(stored, commit.Revision), commit.Revision, Deleted: isLast);
            }

            // Where another server gave addresses to a Service meanwhile, that was no change of this object.
            if ((!isUnconditional && !more.Failed(commit)) || attempt == MaxAttempts)
            {
                throw ApiErrors.Conflict(scope.GroupResource, scope.Name);
            }
        }
    }

    /// <param name="meant">The resourceVersion that came with the change; empty for none.</param>
    private async ValueTask<JsonObject> MutateAsync(WriteScope scope, ObjectChange change, JsonObject json, string meant, JsonObject old, CancellationToken cancellationToken)
    {
        if (change.IsAdmitted)
        {
            return json;
        }

        AdmissionRequest asked = Ask(scope, change, json, meant, old);
        await admission.MutateAsync(asked, cancellationToken);
        json.Metadata.Remove("resourceVersion");
        if (!asked.IsReplaced)
        {
            return json;
        }

        if (change.View is { } view)
        {
            view.Write(json, asked.Object!);
            return json;
        }

        KeepServerMetadata(asked.Object!, old);
        return asked.Object!;
    }

    /// <summary>Whoever is asked sees a resourceVersion, which is no part of what is compared and stored: it is to be taken out again.</summary>
    private static AdmissionRequest Ask(WriteScope scope, ObjectChange change, JsonObject json, string version, JsonObject old)
    {
        if (version.Length > 0)
        {
            json.Metadata["resourceVersion"] = version;
        }

        return change.View is { } view
            ? scope.Admission(AdmissionOperation.Update, scope.Name, view.Read(json), view.Read(old), view.Kind)
            : scope.Admission(AdmissionOperation.Update, scope.Name, json, old);
    }

    private static void CheckIdentity(WriteScope scope, ObjectChange change, JsonObject json, JsonObject old)
    {
        if (json.Uid.Length > 0 && json.Uid != old.Uid)
        {
            throw ApiErrors.Conflict(scope.GroupResource, scope.Name,
                $"StorageError: invalid object, Code: 4, Key: {RegistryPath.Of(scope)}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {json.Uid}, UID in object meta: {old.Uid}");
        }

        if (json.ResourceVersion is { Length: > 0 } and not "0")
        {
            if (!ulong.TryParse(json.ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            {
                string why = json.ResourceVersion.All(char.IsAsciiDigit) ? "value out of range" : "invalid syntax";
                throw new StatusException(new Status { Code = 500, Message = $"strconv.ParseUint: parsing \"{json.ResourceVersion}\": {why}" });
            }

            if (json.ResourceVersion != old.ResourceVersion)
            {
                throw ApiErrors.Conflict(scope.GroupResource, scope.Name);
            }
        }
        else if (!change.IsPatch && !change.HasManagedFields && !scope.Resource.Strategy.AllowUnconditionalUpdate)
        {
            // Upstream names the resource here, where it names the kind anywhere else.
            throw ApiErrors.Invalid(new GroupKind(scope.GroupResource.Group, scope.GroupResource.Resource), scope.Name, [FieldError.Invalid("metadata.resourceVersion", 0, "must be specified for an update")]);
        }
    }

    /// <summary>Identity and life of an object are the server's: what a client sends of them counts for nothing.</summary>
    private static void KeepServerMetadata(JsonObject json, JsonObject old)
    {
        JsonObject metadata = json.Metadata;
        JsonObject before = old.Metadata;
        metadata.Remove("selfLink");
        metadata.Remove("clusterName");
        metadata.Remove("resourceVersion");
        foreach (string name in OfServer)
        {
            if (before[name] is not { } value)
            {
                metadata.Remove(name);
            }
            else if (!JsonNode.DeepEquals(metadata[name], value))
            {
                metadata[name] = value.DeepClone();
            }
        }

        // An update takes none of these away; that it sets one is for validation to refuse (rest.BeforeUpdate).
        foreach ((string name, bool isKept) in OfDeletion)
        {
            if (before[name] is { } value && (isKept || metadata[name] is null))
            {
                metadata[name] = value.DeepClone();
            }
            else if (metadata[name] is null)
            {
                metadata.Remove(name);
            }
        }

        if (json.ApiVersion != old.ApiVersion || json.Kind != old.Kind)
        {
            json["apiVersion"] = old.ApiVersion;
            json["kind"] = old.Kind;
        }
    }
}
