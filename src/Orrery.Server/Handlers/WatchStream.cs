using System.Globalization;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;

namespace Orrery.Server.Handlers;

/// <summary>Writes the events of a watch that concern its client.</summary>
internal sealed class WatchStream(ResourceRequest request, AnswerForm form, Selection selection, PipeWriter output)
{
    private const int FlushAt = 64 * 1024;

    /// <summary>Of one watcher's changes: a frame of HTTP/2. Where thousands are told of more than their clients take, it is what each of them holds.</summary>
    private const int TurnAt = 16 * 1024;

    /// <summary>Of a watch of APIServices; null for any other.</summary>
    public DefinedServices? Defined { get; init; }

    public void Write(CacheEvent change)
    {
        if (Defined is not null && DefinedServices.IsDefinition(change))
        {
            foreach (CacheEvent service in Defined.Read(change))
            {
                WriteSeen(service);
            }

            return;
        }

        // Over all virtual clusters root is not among them.
        if (request.Cluster.IsAll && change.Object.Cluster.IsRoot)
        {
            return;
        }

        if (LayeredSnapshot.Translate(request.Server.Objects.Layer, request.Resource.StoredAs, change) is { } seen)
        {
            WriteSeen(seen);
        }
    }

    private void WriteSeen(CacheEvent change)
    {
        // An object that enters the selection is new to this watcher, one that leaves it is gone.
        bool isIn = change.Type != CacheEventType.Deleted && selection.Matches(change.Object);
        bool wasIn = change.Previous is { } before && selection.Matches(before);
        if (isIn)
        {
            Write(wasIn ? "MODIFIED" : "ADDED", change.Object);
        }
        else if (wasIn)
        {
            Write("DELETED", change.Type == CacheEventType.Deleted ? change.Object : change.Previous!.AsDeleted(change.Revision));
        }
    }

    public void Write(string type, CachedObject item) => form.WriteEvent(request, output, type, item);

    public void Bookmark(long revision, bool endsInitialEvents)
    {
        var metadata = new JsonObject { ["resourceVersion"] = revision.ToString(CultureInfo.InvariantCulture) };
        if (endsInitialEvents)
        {
            metadata["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
        }

        form.WriteBookmark(request, output, metadata);
    }

    public void Fail(Status status) => form.WriteError(output, status);

    /// <summary>So much was written that it should be sent before there is more.</summary>
    private bool IsFull => output.UnflushedBytes >= FlushAt;

    /// <summary>So many changes were written that others who watch have a turn.</summary>
    public bool IsTurnOver => output.UnflushedBytes >= TurnAt;

    public async ValueTask FlushIfFullAsync(CancellationToken cancellationToken)
    {
        if (IsFull)
        {
            await output.FlushAsync(cancellationToken);
        }
    }

    /// <summary>Something was sent by <see cref="SendAsync"/>, and nobody has waited since for its client to take it.</summary>
    public bool IsUntaken { get; private set; }

    /// <summary>Sends what was written, and waits until the client takes it.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        await output.FlushAsync(cancellationToken);
        IsUntaken = false;
    }

    /// <summary>
    /// Sends what was written, without waiting. Before there is more, <see cref="FlushAsync"/> says whether it was taken, and takes nothing if it was. A pipe takes a flush that was cancelled before it began
    /// as any other, and lets nobody wait for it; of HTTP/1.1, where a connection is one watch's alone, nothing would be saved.
    /// </summary>
    public ValueTask SendAsync(CancellationToken cancellationToken)
    {
        if (!HttpProtocol.IsHttp2(request.Http.Request.Protocol))
        {
            return FlushAsync(cancellationToken);
        }

        if (output.UnflushedBytes == 0)
        {
            return default;
        }

        IsUntaken = true;
        output.CancelPendingFlush();
        ValueTask<FlushResult> sent = output.FlushAsync(cancellationToken);
        if (!sent.IsCompletedSuccessfully)
        {
            return new ValueTask(sent.AsTask());
        }

        _ = sent.Result;
        return default;
    }
}
