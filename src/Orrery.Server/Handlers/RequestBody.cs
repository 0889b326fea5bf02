using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Orrery.Api;

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
            ReadResult read = await reader.ReadAsync(cancellationToken);
            if (read.Buffer.Length > MaxBytes)
            {
                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                throw TooLarge();
            }

            if (read.IsCompleted)
            {
                byte[] body = read.Buffer.ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return body;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static StatusException TooLarge() => ApiErrors.RequestEntityTooLarge($"Request entity too large: limit is {MaxBytes}");
}
