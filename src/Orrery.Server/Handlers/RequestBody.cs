using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Machinery;
using Orrery.Machinery.Schemas;
using Orrery.Machinery.Wire;
using Orrery.Server.Audit;
using Orrery.Server.Fairness;
using Orrery.Server.Protection;
using Orrery.Server.Registry;
using Orrery.Server.Requests;
using Orrery.Server.Transport.Sockets;

namespace Orrery.Server.Handlers;

/// <summary>Reads a body whole, up to upstream's limit.</summary>
internal static class RequestBody
{
    public const int MaxBytes = 3 * 1024 * 1024;

    /// <exception cref="StatusException">413.</exception>
    public static async ValueTask<ReadOnlyMemory<byte>> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength > MaxBytes)
        {
            throw TooLarge();
        }

        PipeReader reader = request.BodyReader;
        while (true)
        {
            ReadResult read = await NextAsync(request, reader, cancellationToken);
            if (read.Buffer.Length > MaxBytes)
            {
                Advance(reader, read.Buffer.Start, read.Buffer.End);
                throw TooLarge();
            }

            if (read.IsCompleted)
            {
                byte[] body = read.Buffer.ToArray();
                Advance(reader, read.Buffer.End, read.Buffer.End);
                request.HttpContext.Features.Get<AuditTrail>()?.Requested(body);
                return body;
            }

            Advance(reader, read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <exception cref="ClientGoneException">It went between two looks.</exception>
    private static void Advance(PipeReader reader, SequencePosition consumed, SequencePosition examined)
    {
        try
        {
            reader.AdvanceTo(consumed, examined);
        }
        catch (IOException gone)
        {
            throw new ClientGoneException(gone);
        }
    }

    private static async ValueTask<ReadResult> NextAsync(HttpRequest request, PipeReader reader, CancellationToken cancellationToken)
    {
        try
        {
            ValueTask<ReadResult> read = reader.ReadAsync(cancellationToken);
            if (read.IsCompleted)
            {
                return await read;
            }

            using Aside aside = GuardedBody.SeatOf(request.HttpContext).SetAside();
            return await ElsewhereAsync(read);
        }
        catch (BadHttpRequestException fault)
        {
            // Too slow, or no HTTP: the client's fault, in Kestrel's words.
            throw new StatusException(new Status { Code = fault.StatusCode, Reason = fault.StatusCode == StatusCodes.Status408RequestTimeout ? StatusReason.Timeout : StatusReason.BadRequest, Message = fault.Message });
        }
        catch (IOException fault)
        {
            // A reset stream or connection: Kestrel says so in several ways, and before the request counts as aborted.
            throw new ClientGoneException(fault);
        }
    }

    /// <summary>The last of a body may have been heard among heartbeats: what is done with it holds up none of them.</summary>
    private static async ValueTask<ReadResult> ElsewhereAsync(ValueTask<ReadResult> read)
    {
        try
        {
            return await read;
        }
        finally
        {
            await SocketLoop.Elsewhere();
        }
    }

    /// <summary>A body of JSON, or of YAML or protobuf made JSON.</summary>
    /// <param name="kind">What is wanted, for faults.</param>
    /// <param name="repeated">Takes the keys that YAML states twice, which the JSON no longer shows; null when nobody asks.</param>
    /// <exception cref="StatusException">413, 415, or 400 for what is no YAML.</exception>
    public static async ValueTask<ReadOnlyMemory<byte>> ReadJsonAsync(HttpRequest request, string kind, CancellationToken cancellationToken, ICollection<string>? repeated = null)
    {
        BodyFormat format = Negotiation.Body(request.ContentType);
        ReadOnlyMemory<byte> body = await ReadAsync(request, cancellationToken);
        if (format == BodyFormat.Json)
        {
            return body;
        }

        if (format == BodyFormat.Protobuf)
        {
            if (KubernetesProtobuf.FaultOfEnvelope(body.Span) is { } fault)
            {
                throw DecodingFaults.Unrecognized(kind, fault, body.Span);
            }

            byte[] json = ObjectEncoding.Write(KubernetesProtobuf.ToJson(body.Span));
            request.HttpContext.Features.Get<AuditTrail>()?.Requested(json);
            return json;
        }

        try
        {
            return YamlJson.Parse(Encoding.UTF8.GetString(body.Span), repeated) is { } json ? ObjectEncoding.Write(json) : default;
        }
        catch (FormatException fault)
        {
            throw DecodingFaults.Unrecognized(kind, $"yaml: {fault.Message}", body.Span);
        }
    }

    private static StatusException TooLarge() => ApiErrors.RequestEntityTooLarge($"Request entity too large: limit is {MaxBytes}");
}
