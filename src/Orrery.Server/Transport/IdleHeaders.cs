using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Orrery.Server.Transport;

/// <summary>
/// Lets an HTTP/2 connection that is there to wait hold little memory for headers of answers: the framework keeps 16 KiB for them for as long as a connection lasts, a quarter of what a connected
/// satellite costs, and has no setting for that. It takes more from a pool where a header needs it, and tells headers that do not fit in as many frames as they take (RFC 9113, section 6.10). Where its inside is another
/// the memory is kept, and nothing else differs.
/// </summary>
internal static class IdleHeaders
{
    /// <summary>Bytes that are left: several times what our answers' headers take.</summary>
    private const int Kept = 1024;

    private static readonly Inside? Framework = Inside.Find();

    /// <summary>Whether this build of the framework has the inside that is known, which trimming may have taken away as well.</summary>
    public static bool IsPossible => Framework is not null;

    /// <param name="http">A request of the connection.</param>
    /// <returns>Whether its connection holds no more than a KiB for headers from now on.</returns>
    public static bool TryRelease(HttpContext http)
    {
        // The stream within the connection is its own feature.
        if (Framework is null || http.Features.Get<IHttpExtendedConnectFeature>() is not { } stream || !Framework.Context.DeclaringType!.IsInstanceOfType(stream)
            || Framework.Writer.GetValue(Framework.Context.GetValue(stream)) is not { } writer || Framework.Gate.GetValue(writer) is not Lock gate)
        {
            return false;
        }

        lock (gate)
        {
            if (Framework.Buffer.GetValue(writer) is byte[] { Length: > Kept })
            {
                Framework.Buffer.SetValue(writer, new byte[Kept]);
            }
        }

        return true;
    }

    /// <param name="Context">Of a stream.</param>
    /// <param name="Writer">Of the context: it writes the frames of a connection.</param>
    /// <param name="Gate">Of the writer: held while it writes.</param>
    /// <param name="Buffer">Of the writer: into which it encodes headers.</param>
    private sealed record Inside(FieldInfo Context, PropertyInfo Writer, FieldInfo Gate, FieldInfo Buffer)
    {
        private const BindingFlags Any = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

        /// <returns>Null where it is anything but what it is known to be.</returns>
        public static Inside? Find()
        {
            Type? stream = typeof(Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServer).Assembly.GetType("Microsoft.AspNetCore.Server.Kestrel.Core.Internal.Http2.Http2Stream");
            return stream?.GetField("_context", Any) is { } context
                && context.FieldType.GetProperty("FrameWriter", Any) is { } writer
                && writer.PropertyType.GetField("_writeLock", Any) is { } gate && gate.FieldType == typeof(Lock)
                && writer.PropertyType.GetField("_headerEncodingBuffer", Any) is { IsInitOnly: false } buffer && buffer.FieldType == typeof(byte[])
                ? new Inside(context, writer, gate, buffer)
                : null;
        }
    }
}
