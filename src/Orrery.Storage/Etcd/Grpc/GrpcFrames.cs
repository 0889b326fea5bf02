using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Net.Http.Headers;

namespace Orrery.Storage.Etcd.Grpc;

/// <summary>
/// Messages and status of a gRPC call as they travel over HTTP/2: each message after a flag and its length in five
/// bytes, the status in trailers, or in headers where there is nothing else.
/// Source: grpc/grpc doc/PROTOCOL-HTTP2.md.
/// </summary>
internal static class GrpcFrames
{
    public const int PrefixLength = 5;

    /// <summary>No answer is larger; one that says so is damaged.</summary>
    private const int MostLength = 1 << 30;

    public static byte[] Frame(ReadOnlySpan<byte> message)
    {
        byte[] frame = new byte[PrefixLength + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame.AsSpan(PrefixLength));
        return frame;
    }

    /// <summary>Reads the next message and hands it over while its buffer is lent.</summary>
    /// <returns>False at the end of the stream.</returns>
    public static async ValueTask<(bool Found, T? Value)> ReadAsync<T>(Stream stream, Parse<T> parse, CancellationToken cancellationToken)
    {
        byte[] prefix = new byte[PrefixLength];
        int read = await stream.ReadAtLeastAsync(prefix, PrefixLength, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        if (read == 0)
        {
            return (false, default);
        }

        int length = BinaryPrimitives.ReadInt32BigEndian(prefix.AsSpan(1));
        if (read < PrefixLength || prefix[0] != 0 || length is < 0 or > MostLength)
        {
            throw new FormatException("not a plain gRPC message");
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            await stream.ReadExactlyAsync(buffer.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
            return (true, parse(buffer.AsSpan(0, length)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Throws unless the call ended well; after the whole body was read.</summary>
    /// <exception cref="GrpcException">It did not.</exception>
    public static void CheckStatus(HttpResponseMessage response)
    {
        string? code = First(response.TrailingHeaders, "grpc-status") ?? First(response.Headers, "grpc-status");
        if (code is null)
        {
            // Not an answer of a gRPC server: a proxy's, or one cut off.
            throw new GrpcException(GrpcCode.Unknown, $"HTTP status {(int)response.StatusCode} without a gRPC status");
        }

        if (int.Parse(code, CultureInfo.InvariantCulture) is not (int)GrpcCode.Ok and var number)
        {
            string message = First(response.TrailingHeaders, "grpc-message") ?? First(response.Headers, "grpc-message") ?? "";
            throw new GrpcException((GrpcCode)number, Uri.UnescapeDataString(message));
        }
    }

    private static string? First(HttpResponseHeaders headers, string name) =>
        headers.TryGetValues(name, out IEnumerable<string>? values) ? values.First() : null;

    /// <summary>Reads a message out of a buffer that is good only until it returns.</summary>
    public delegate T Parse<out T>(ReadOnlySpan<byte> message);
}
