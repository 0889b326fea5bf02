using System.Buffers;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Apply;
using Orrery.Machinery.Kinds;
using Orrery.Machinery.Patches;
using Orrery.Machinery.Schemas;
using Orrery.Machinery.Tables;
using Orrery.Server.CustomResources;
using Orrery.Server.Registry;
using Orrery.Server.Requests;

namespace Orrery.Server.Handlers;

/// <summary>The scale subresource: an autoscaling/v1 Scale that stands for the replicas of a workload.</summary>
internal static class ScaleHandler
{
    private static readonly GroupVersionKind Kind = new("autoscaling", "v1", "Scale");

    private static Schema Type => SubresourceBody.TypeOf(Kind);

    public static async Task HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        if (request.Info.Verb == "get")
        {
            JsonObject found = await DecodeAsync(request, request.Require(request.Name).Json, cancellationToken);
            if (request.Resource.Scale is { SpecReplicas: var replicas } && found.NodeAt(CustomScale.Split(replicas)) is null)
            {
                throw ApiErrors.InternalError($"the spec replicas field \"{replicas}\" does not exist");
            }

            await WriteAsync(request, Read(request, found), cancellationToken);
            return;
        }

        if (request.Info.Verb == "patch" && Negotiation.Patch(request.Http.Request.ContentType, request.Resource.IsCustom) == PatchFormat.Apply)
        {
            await ApplyAsync(request, cancellationToken);
            return;
        }

        (WriteOptions options, Func<JsonObject, JsonObject> wanted) = request.Info.Verb == "update"
            ? await PutAsync(request, cancellationToken)
            : await PatchAsync(request, cancellationToken);
        WriteResult result = await request.Server.Update.UpdateAsync(
            request.Scope(options),
            new ObjectChange
            {
                IsPatch = true,
                View = new SubresourceView(Kind, json => Read(request, json), (json, scale) => Write(request, json, scale)),
                Wanted = current =>
                {
                    JsonObject scale = wanted(ReadForChange(request, current));
                    RequireReplicas(request, scale);
                    RequireSame(request, current, scale);
                    current.Metadata.Remove("resourceVersion");
                    Write(request, current, scale);
                    return current;
                },
            },
            cancellationToken);
        await WriteAsync(request, Read(request, await DecodeAsync(request, result.Json, cancellationToken)), cancellationToken);
    }

    /// <summary>As kubectl prints it, where that is asked for: a definition's own columns, or those of any Scale.</summary>
    private static Task WriteAsync(ResourceRequest request, JsonObject scale, CancellationToken cancellationToken)
    {
        AnswerFormat format = Negotiation.Answer(request.Http.Request.Headers.Accept, request.Resource.IsCustom, request.Binary);
        switch (format.Shape)
        {
            case AnswerShape.Object:
                return ObjectResponse.WriteJsonAsync(request.Http, 200, scale, format.IsProtobuf, cancellationToken);
            case AnswerShape.Metadata:
                AnswerForm form = AnswerForm.Metadata(format);
                return ObjectResponse.WriteBytesAsync(request.Http, 200, form.ContentType, form.Render(request, ObjectEncoding.Write(scale)), cancellationToken);
            case AnswerShape.MetadataList:
                throw Negotiation.NotAcceptable($"you requested PartialObjectMetadataList, but the requested object is not a list (*{(request.Resource.IsCustom ? "v1" : "autoscaling")}.Scale)");
        }

        var output = new ArrayBufferWriter<byte>();
        TablePrinter printer = request.Resource.IsCustom ? request.Resource.Printer : TablePrinter.For(Kind);
        new TableWriter(printer, TableWriter.ReadInclude(request.Query["includeObject"]), request.Server.Time, format.ShapeVersion)
            .Write(output, new TableHead(scale.ResourceVersion), [ObjectEncoding.Write(scale)]);
        return ObjectResponse.WriteBytesAsync(request.Http, 200, "application/json", output.WrittenMemory, cancellationToken);
    }

    private static async ValueTask<(WriteOptions Options, Func<JsonObject, JsonObject> Wanted)> PutAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        WriteOptions options = request.WriteOptions("UpdateOptions");
        JsonObject scale = await ReadAsync(request, options, cancellationToken);
        if (scale.Name != request.Name)
        {
            throw ApiErrors.BadRequest($"the name of the object ({scale.Name}) does not match the name on the URL ({request.Name})");
        }

        return (options, _ => scale);
    }

    private static async ValueTask<(WriteOptions Options, Func<JsonObject, JsonObject> Wanted)> PatchAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        PatchFormat format = Negotiation.Patch(request.Http.Request.ContentType, request.Resource.IsCustom);
        WriteOptions options = request.WriteOptions("PatchOptions");
        ReadOnlyMemory<byte> body = await RequestBody.ReadAsync(request.Http.Request, cancellationToken);
        JsonNode? patch = PatchHandler.ParsePatch(body);
        IReadOnlyList<string> ofPatch = PatchHandler.FaultsOf(options, body, format == PatchFormat.Json ? JsonPatch.Decode(patch) : null);
        bool warned = false;
        return (options, current =>
        {
            JsonObject patched = format switch
            {
                PatchFormat.Json => JsonPatch.Apply(current, (JsonArray)JsonPatch.Decode(patch).DeepClone()) as JsonObject ?? throw ApiErrors.BadRequest("the patch leaves no object"),
                _ => MergePatch.Apply(current, (JsonObject)MergePatch.Decode(patch).DeepClone()),
            };
            IReadOnlyList<string> faults = PatchHandler.Decode(patched, null, ofPatch, options, isSorted: false, scale => ObjectDecoding.Builtin(scale, default, Kind, Type));
            if (!warned)
            {
                Warnings.Add(request.Http.Response, faults);
                warned = true;
            }

            PatchHandler.CheckPlace(request, patched);
            return patched;
        });
    }

    private static async Task ApplyAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        WriteOptions options = request.WriteOptions("PatchOptions", apply: true);
        ReadOnlyMemory<byte> body = await RequestBody.ReadAsync(request.Http.Request, cancellationToken);
        JsonObject applied = PatchHandler.ParseApply(body, options.FieldValidation == FieldValidation.Strict);
        request.Require(request.Name);
        if (applied.GroupVersionKind != Kind)
        {
            throw ApiErrors.BadRequest($"invalid object type: {applied.GroupVersionKind}");
        }

        if (applied.Name.Length > 0 && applied.Name != request.Name)
        {
            throw ApiErrors.BadRequest($"the name of the object ({applied.Name}) does not match the name on the URL ({request.Name})");
        }

        string[] path = request.Resource.Scale is { } paths ? CustomScale.Split(paths.SpecReplicas) : ["spec", "replicas"];
        WriteResult result = await request.Server.Update.UpdateAsync(
            request.Scope(options),
            new ObjectChange
            {
                IsPatch = true,
                HasManagedFields = true,
                View = new SubresourceView(Kind, json => Read(request, json), (json, scale) => Write(request, json, scale)),
                Wanted = current =>
                {
                    JsonObject scale = ScaleApply.Merge(current, Read(request, current), applied, path, options.FieldManager, options.Force, request.Server.Time.GetUtcNow());
                    Write(request, current, scale);
                    return current;
                },
            },
            cancellationToken);
        await WriteAsync(request, Read(request, await DecodeAsync(request, result.Json, cancellationToken)), cancellationToken);
    }

    private static async ValueTask<JsonObject> DecodeAsync(ResourceRequest request, ReadOnlyMemory<byte> json, CancellationToken cancellationToken) =>
        StoredJson.Parse(ServedObject.Json(request.Resource, await request.Server.Versions.ServeAsync(request.Resource, request.Cluster, json, cancellationToken)).Span);

    private static async ValueTask<JsonObject> ReadAsync(ResourceRequest request, WriteOptions options, CancellationToken cancellationToken)
    {
        var repeated = new List<string>();
        ReadOnlyMemory<byte> body = await RequestBody.ReadJsonAsync(request.Http.Request, Kind.Kind, cancellationToken, repeated);
        JsonObject scale = ObjectDecoding.Parse(body.Span, Kind.Kind);
        var said = GroupVersionKind.From(scale.ApiVersion.Length == 0 ? Kind.ApiVersion : scale.ApiVersion, scale.Kind.Length == 0 ? Kind.Kind : scale.Kind);
        if (said != Kind)
        {
            throw request.Resource.IsCustom
                ? ApiErrors.BadRequest("no kind is registered for the type v1.Scale in scheme \"k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go:781\"")
                : BuiltinStrategy.CannotBeHandled(said, Kind);
        }

        scale["apiVersion"] ??= Kind.ApiVersion;
        scale["kind"] ??= Kind.Kind;
        CreateHandler.Heed(request, options, Kind, repeated, ObjectDecoding.Builtin(scale, body.Span, Kind, Type));
        return scale;
    }

    private static JsonObject Read(ResourceRequest request, JsonObject json) =>
        request.Resource.Scale is { } paths ? CustomScale.Read(json, paths) : Scales.Read(request.Resource.Kind, json);

    /// <summary>A custom resource may have no count yet; then a patch finds one that nobody could want.</summary>
    private static JsonObject ReadForChange(ResourceRequest request, JsonObject json)
    {
        JsonObject scale = Read(request, json);
        if (request.Resource.Scale is { SpecReplicas: var path } && json.NodeAt(CustomScale.Split(path)) is null)
        {
            scale.ObjectAt("spec")["replicas"] = int.MinValue;
        }

        return scale;
    }

    private static void RequireReplicas(ResourceRequest request, JsonObject scale)
    {
        if (request.Resource.Scale is not { SpecReplicas: var path })
        {
            return;
        }

        long replicas = scale.NumberAt("spec", "replicas") ?? 0;
        if (replicas == int.MinValue)
        {
            throw ApiErrors.BadRequest($"the spec replicas field \"{path}\" cannot be empty");
        }

        if (replicas < 0)
        {
            throw ApiErrors.Invalid(request.Resource.Kind.GroupKind, request.Name, [FieldError.Invalid(path, replicas, "should be a non-negative integer")]);
        }
    }

    /// <summary>Who names a uid means no other object that has the name by now. Of an update the store finds that out, of a patch the subresource (<c>pkg/registry/apps/deployment/storage</c>).</summary>
    private static void RequireSame(ResourceRequest request, JsonObject current, JsonObject scale)
    {
        if (scale.Uid.Length == 0 || scale.Uid == current.Uid)
        {
            return;
        }

        if (request.Info.Verb == "patch")
        {
            GroupResource of = request.Resource.GroupResource;
            throw ApiErrors.Conflict(
                of with { Resource = of.Resource + "/scale" }, request.Name, $"Precondition failed: UID in precondition: {scale.Uid}, UID in object meta: {current.Uid}");
        }

        current.Metadata["uid"] = scale.Uid;
    }

    private static void Write(ResourceRequest request, JsonObject json, JsonObject scale)
    {
        if (request.Resource.Scale is { } paths)
        {
            CustomScale.Write(json, scale, paths);
        }
        else
        {
            Scales.Write(json, scale);
        }
    }
}
