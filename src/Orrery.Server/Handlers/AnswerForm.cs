using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Registry;
using Orrery.Server.Requests;

namespace Orrery.Server.Handlers;

/// <summary>The form in which a client wants objects: as they are, their metadata alone, or rows of a table; in JSON or protobuf.</summary>
internal abstract class AnswerForm
{
    /// <summary>Media type of an answer.</summary>
    public abstract string ContentType { get; }

    /// <summary>Media type of a stream of events.</summary>
    public abstract string WatchContentType { get; }

    /// <exception cref="Api.StatusException">406: the client accepts nothing that can be made; 400: a bad includeObject.</exception>
    public static AnswerForm Read(ResourceRequest request)
    {
        AnswerFormat format = Negotiation.Answer(request.Http.Request.Headers.Accept, request.Resource.IsCustom, request.Binary);
        bool isCollection = request.Info.Verb is "list" or "deletecollection";
        return format.Shape switch
        {
            AnswerShape.Table => new TableForm(request, format.ShapeVersion),
            AnswerShape.Metadata when !isCollection => Metadata(format),
            AnswerShape.MetadataList when isCollection => Metadata(format),
            AnswerShape.Object => format.IsProtobuf ? ProtobufForm.Of(request.Resource) : ObjectForm.Instance,
            _ => throw Negotiation.NotAcceptable(isCollection
                ? $"you requested PartialObjectMetadata, but the requested object is a list ({GoType(request.Resource)}List)"
                : $"you requested PartialObjectMetadataList, but the requested object is not a list ({GoType(request.Resource)})"),
        };
    }

    /// <summary>The metadata of objects alone.</summary>
    public static AnswerForm Metadata(AnswerFormat format) =>
        format.IsProtobuf ? ProtobufForm.Metadata(format.ShapeVersion) : new MetadataForm(format.ShapeVersion);

    /// <summary>The type that upstream holds an object of the resource in.</summary>
    private static string GoType(ResourceDefinition resource) => resource.IsCustom
        ? "*unstructured.Unstructured"
        : $"*{(resource.Kind.Group.Length == 0 ? "core" : resource.Kind.Group.Split('.')[0])}.{resource.Kind.Kind}";

    /// <summary>One object as a whole answer.</summary>
    /// <param name="json">As stored, resourceVersion included.</param>
    public abstract ReadOnlyMemory<byte> Render(ResourceRequest request, ReadOnlyMemory<byte> json);

    public abstract ListBody List(ResourceRequest request, ListHead head, IReadOnlyList<CachedObject> items);

    /// <summary>One event of a watch, framed.</summary>
    /// <param name="type">Such as <c>ADDED</c>.</param>
    public abstract void WriteEvent(ResourceRequest request, IBufferWriter<byte> output, string type, CachedObject item);

    /// <summary>An event that says how far the watch has come.</summary>
    public abstract void WriteBookmark(ResourceRequest request, IBufferWriter<byte> output, JsonObject metadata);

    /// <summary>The event that a watch ends with.</summary>
    public abstract void WriteError(IBufferWriter<byte> output, Status status);
}

/// <summary>A list that is to be sent. Disposed once it was.</summary>
internal abstract class ListBody : IDisposable
{
    /// <summary>About the bytes of it, once it is prepared.</summary>
    public abstract long Length { get; }

    /// <summary>Does what has to be done before anything is sent.</summary>
    public virtual ValueTask PrepareAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>Sends it as the client takes it; what is left is for the caller to flush.</summary>
    public abstract ValueTask WriteAsync(PipeWriter output, CancellationToken cancellationToken);

    public virtual void Dispose()
    {
    }
}
