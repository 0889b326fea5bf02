using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Orrery.Server.Fairness;

namespace Orrery.Server.Protection;

/// <summary>
/// What is left of the body of a request that was answered without it, as one is that is sent away. Over HTTP/2 the framework resets such a stream (RFC 9113, section 8.1: after the whole answer,
/// with NO_ERROR), and now and then, on a busy machine, before the answer's last frame or even its content: the client then has no answer. A body that has come to its end needs no reset, and what
/// its client may send of it without being asked for more is on its way already.
/// </summary>
internal static class UnreadBody
{
    /// <summary>For so long the rest is waited for. After that the stream is reset, and the answer has long gone.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    /// <summary>So many bytes are dropped: what a client sends by itself.</summary>
    private const long Most = WaitingBodies.StreamWindow;

    /// <summary>Finishes the answer, and takes what the client still sends. Costs a look where all was read.</summary>
    public static async ValueTask DropAsync(HttpContext http, TimeProvider time)
    {
        if (http.Request.Protocol != HttpProtocol.Http2 || http.RequestAborted.IsCancellationRequested
            || http.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true })
        {
            return;
        }

        try
        {
            PipeReader reader = http.Request.BodyReader;
            long dropped = 0;
            if (reader.TryRead(out ReadResult read) && Drop(reader, read, ref dropped))
            {
                return;
            }

            await http.Response.CompleteAsync();
            using var late = new CancellationTokenSource(Longest, time);
            while (dropped < Most && !Drop(reader, await reader.ReadAsync(late.Token), ref dropped))
            {
            }
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or ConnectionAbortedException or BadHttpRequestException)
        {
            // It does not come, or its client has gone: there is nobody to tell.
        }
    }

    /// <returns>Whether that was the end.</returns>
    private static bool Drop(PipeReader reader, ReadResult read, ref long dropped)
    {
        dropped += read.Buffer.Length;
        reader.AdvanceTo(read.Buffer.End);
        return read.IsCompleted;
    }
}
