using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery;
using Orrery.Machinery.Apply;
using Orrery.Machinery.Kinds;
using Orrery.Machinery.Patches;
using Orrery.Machinery.Schemas;
using Orrery.Server.Registry;
using Orrery.Server.Requests;

namespace Orrery.Server.Handlers;

/// <summary>PATCH of an object or of its status: JSON patch, merge patch, strategic merge patch, server-side apply.</summary>
internal static class PatchHandler
{
    public static async Task HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        PatchFormat format = Negotiation.Patch(request.Http.Request.ContentType, request.Resource.IsCustom);
        WriteOptions options = request.WriteOptions("PatchOptions", format == PatchFormat.Apply);
        ReadOnlyMemory<byte> body = await RequestBody.ReadAsync(request.Http.Request, cancellationToken);
        ObjectChange change = Read(request, options, format, body);
        WriteResult result = await request.Server.Update.TryUpdateAsync(request.Scope(options), change, cancellationToken);
        if (result.Refusal is { } refusal)
        {
            await Refusals.AnswerAsync(request.Server, request.Http, request.Info, refusal.Status, cancellationToken);
            return;
        }

        await ObjectResponse.WriteAsync(request, result.Created ? 201 : 200, result.Json, cancellationToken);
    }

    private static ObjectChange Read(ResourceRequest request, WriteOptions options, PatchFormat format, ReadOnlyMemory<byte> body)
    {
        try
        {
            return format == PatchFormat.Apply ? Apply(request, options, body) : Patch(request, options, format, body);
        }
        catch (StatusException fault) when (fault.Code == 400 && format != PatchFormat.Apply && request.Server.Objects.Find(request.Resource, request.Cluster, request.Namespace, request.Name) is null)
        {
            // Upstream reads a patch when it has what is to be patched.
            throw ApiErrors.NotFound(request.Resource.GroupResource, request.Name);
        }
    }

    private static ObjectChange Patch(ResourceRequest request, WriteOptions options, PatchFormat format, ReadOnlyMemory<byte> body)
    {
        JsonNode? patch = ParsePatch(body);
        JsonArray? operations = format == PatchFormat.Json ? JsonPatch.Decode(patch) : null;
        JsonObject? merge = format == PatchFormat.Json ? null : MergePatch.Decode(patch);
        IReadOnlyList<string> ofPatch = FaultsOf(options, body, operations);
        bool warned = false;
        return new ObjectChange
        {
            IsPatch = true,
            Wanted = current =>
            {
                JsonObject patched = format switch
                {
                    PatchFormat.Json => JsonPatch.Apply(current, (JsonArray)operations!.DeepClone()) as JsonObject
                        ?? throw ApiErrors.BadRequest("the patch leaves no object"),
                    PatchFormat.Merge => MergePatch.Apply(current, merge!),
                    _ => StrategicMergePatch.Apply(current, (JsonObject)merge!.DeepClone(), request.Resource.Schema),
                };
                IReadOnlyList<string> faults = Decode(request, patched, format == PatchFormat.StrategicMerge ? merge : null, ofPatch, options);
                if (!warned)
                {
                    Warnings.Add(request.Http.Response, faults);
                    warned = true;
                }

                CheckPlace(request, patched);
                return patched;
            },
        };
    }

    private static ObjectChange Apply(ResourceRequest request, WriteOptions options, ReadOnlyMemory<byte> body)
    {
        JsonObject applied = ParseApply(body, options.FieldValidation == FieldValidation.Strict);
        if (applied.NodeAt("metadata", "managedFields") is not null)
        {
            throw ApiErrors.BadRequest("metadata.managedFields must be nil");
        }

        bool isNamed = applied.NodeAt("metadata", "name") is not null;
        CheckApplied(request, applied);
        string? subresource = request.Subresource.Length == 0 ? null : request.Subresource;
        return new ObjectChange
        {
            IsPatch = true,
            HasManagedFields = true,
            Wanted = current => Merge(request, options, current, applied, subresource),
            Absent = subresource is null ? request.Creating(() => Merge(request, options, null, applied, null, isNamed)) : null,
        };
    }

    /// <param name="isNamed">The configuration names its object, as one has to that makes it.</param>
    private static JsonObject Merge(ResourceRequest request, WriteOptions options, JsonObject? live, JsonObject applied, string? subresource, bool isNamed = true)
    {
        if (live is null && applied.Uid is { Length: > 0 } uid)
        {
            throw ApiErrors.Conflict(request.Resource.GroupResource, request.Name, $"uid mismatch: the provided object specified uid {uid}, and no existing object was found");
        }

        if (!isNamed)
        {
            throw Undeterminable(request);
        }

        JsonObject merged = FieldManager.Apply(
            live, applied, request.Resource.Schema, options.FieldManager, options.Force, subresource, request.Server.Time.GetUtcNow(),
            request.Resource.Strategy.ResetFields(request.Subresource));

        // Decoded only now: what decoding and defaults add, nobody applied, and so nobody owns.
        request.Resource.Strategy.Decode(merged, default);
        request.Resource.Strategy.DefaultApplied(merged);
        if (live is null)
        {
            merged.Metadata.Remove("resourceVersion");
        }

        return merged;
    }

    /// <summary>A patch whose result cannot be read is an unprocessable patch, not a bad request (handlers/patch.go).</summary>
    /// <param name="patch">A strategic merge patch, which is the value that its faults show; null where the outcome is.</param>
    /// <param name="ofPatch">What field validation has against the patch itself.</param>
    private static IReadOnlyList<string> Decode(ResourceRequest request, JsonObject patched, JsonObject? patch, IReadOnlyList<string> ofPatch, WriteOptions options)
    {
        IReadOnlyList<string> warnings = Decode(patched, patch, ofPatch, options, request.Resource.IsCustom, json => request.Resource.Strategy.Decode(json, default));
        request.Resource.Strategy.Default(patched);
        return warnings;
    }

    /// <inheritdoc cref="Decode(ResourceRequest, JsonObject, JsonObject, IReadOnlyList{string}, WriteOptions)"/>
    /// <param name="isSorted">Faults show the outcome with its members sorted.</param>
    /// <param name="decode">Reads the outcome as its type; answers what is unknown in it.</param>
    public static IReadOnlyList<string> Decode(JsonObject patched, JsonObject? patch, IReadOnlyList<string> ofPatch, WriteOptions options, bool isSorted, Func<JsonObject, IReadOnlyList<string>> decode)
    {
        string before = patch is not null ? GoText.Plain(patch) : options.FieldValidation == FieldValidation.Strict ? (isSorted ? SortedJson.Of(patched)! : patched).ToJsonString() : "";
        IReadOnlyList<string> faults;
        try
        {
            faults = [.. ofPatch, .. decode(patched)];
        }
        catch (StatusException refusal) when (refusal.Code == 400)
        {
            string why = refusal.InnerException?.Message ?? refusal.Status.Message;
            throw patch is null ? Unprocessable((isSorted ? SortedJson.Of(patched)! : patched).ToJsonString(), why) : Unprocessable(before, StrategicMergePatch.ConversionFault(why));
        }

        return faults.Count > 0 && options.FieldValidation == FieldValidation.Strict ? throw Unprocessable(before, DecodingFaults.StrictMessage(faults))
            : options.FieldValidation == FieldValidation.Ignore ? [] : faults;
    }

    private static StatusException Unprocessable(string patched, string fault) =>
        ApiErrors.Invalid(new GroupKind("", ""), "", [FieldError.Invalid("patch", patched, fault)]);

    private static void CheckApplied(ResourceRequest request, JsonObject applied)
    {
        ResourceDefinition resource = request.Resource;
        if (applied.ApiVersion != resource.Kind.ApiVersion || applied.Kind != resource.Kind.Kind)
        {
            throw ApiErrors.BadRequest($"invalid object type: {applied.GroupVersionKind}");
        }

        if (applied.NodeAt("metadata", "name") is null)
        {
            applied.Metadata["name"] = request.Name;
        }

        // A name that is no string is a fault of its type, which the field manager reports.
        if (applied.Name.Length > 0)
        {
            if (applied.Namespace.Length > 0 && applied.Namespace != request.Namespace && applied.Name == request.Name
                && request.Server.Objects.Find(request.Resource, request.Cluster, request.Namespace, request.Name) is null)
            {
                throw ApiErrors.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
            }

            CheckPlace(request, applied);
        }
    }

    /// <exception cref="StatusException">400: it is another object than the path names.</exception>
    public static void CheckPlace(ResourceRequest request, JsonObject json)
    {
        if (json.Name.Length == 0)
        {
            throw Undeterminable(request);
        }

        if (json.Name != request.Name)
        {
            throw ApiErrors.BadRequest($"the name of the object ({json.Name}) does not match the name on the URL ({request.Name})");
        }

        if (json.Namespace.Length > 0 && json.Namespace != request.Namespace)
        {
            throw ApiErrors.BadRequest($"the namespace of the object ({json.Namespace}) does not match the namespace on the request ({request.Namespace})");
        }
    }

    private static StatusException Undeterminable(ResourceRequest request) =>
        ApiErrors.BadRequest($"the name of the object ({request.Name} based on URL) was undeterminable: name must be provided");

    public static JsonNode? ParsePatch(ReadOnlyMemory<byte> body)
    {
        try
        {
            return JsonBody.Parse(body.Span);
        }
        catch (FormatException fault)
        {
            throw ApiErrors.BadRequest($"error decoding patch: {fault.Message}");
        }
    }

    /// <summary>What field validation has against a patch itself.</summary>
    /// <param name="operations">Of a JSON patch.</param>
    public static IReadOnlyList<string> FaultsOf(WriteOptions options, ReadOnlyMemory<byte> body, JsonArray? operations) =>
        options.FieldValidation == FieldValidation.Ignore ? [] : [.. StrictDecoding.Check(body.Span, null), .. operations is null ? [] : JsonPatch.UnknownMembers(operations)];

    /// <summary>The configuration of a server-side apply.</summary>
    /// <param name="isStrict">Refuse a key that is given twice; otherwise the last counts.</param>
    /// <exception cref="StatusException">400.</exception>
    public static JsonObject ParseApply(ReadOnlyMemory<byte> body, bool isStrict = false)
    {
        var repeated = new List<string>();
        JsonNode? parsed;
        try
        {
            parsed = CompactJson.TryParse(body.Span) ?? YamlJson.Parse(Encoding.UTF8.GetString(body.Span), repeated);
        }
        catch (Exception fault) when (fault is FormatException or JsonException)
        {
            throw ApiErrors.BadRequest($"error decoding YAML: error converting YAML to JSON: {fault.Message}");
        }

        if (isStrict && repeated.Count > 0)
        {
            throw ApiErrors.BadRequest($"error strict decoding YAML: error converting YAML to JSON: {YamlJson.RepetitionFault(repeated)}");
        }

        // Nothing is nothing of any kind, as Go reads it.
        return parsed is null ? [] : parsed as JsonObject ?? throw ApiErrors.BadRequest(
            $"error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {GoText.JsonTypeOf(parsed)} into Go value of type map[string]interface {{}}");
    }
}
