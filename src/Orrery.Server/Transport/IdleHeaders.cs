using System.Reflection;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Orrery.Server.Transport;

/// <summary>
/// Lets HTTP/2 connections hold little memory for headers of answers: the framework keeps 16 KiB for them for as long as a connection lasts, a fifth of what a client costs that waits for what it
/// watches, and has no setting for that. It takes more from a pool where a header needs it, and tells headers that do not fit in as many frames as they take (RFC 9113, section 6.10). Where its inside is
/// another the memory is kept, and nothing else differs.
/// </summary>
internal static class IdleHeaders
{
    /// <summary>Bytes that are left: several times what our answers' headers take.</summary>
    private const int Kept = 1024;

    private static readonly Inside? Framework = Inside.Find();

    /// <summary>Whether this build of the framework has the inside that is known, which trimming may have taken away as well.</summary>
    public static bool IsPossible => Framework is not null;

    /// <summary>Behind whatever looks at connections now and then: the framework registers each for that once it is made, and before anything is read of it.</summary>
    public static ConnectionDelegate Before(ConnectionDelegate next) => connection =>
    {
        if (Framework is not null && connection.Features.Get<IConnectionHeartbeatFeature>() is { } looks)
        {
            connection.Features.Set<IConnectionHeartbeatFeature>(new Beginning(looks));
        }

        return next(connection);
    };

    /// <param name="connection">The framework's own, of which nothing has been read.</param>
    /// <returns>Whether it is one of HTTP/2, and holds little from now on.</returns>
    public static bool TryRelease(object connection)
    {
        if (Framework is null || !Framework.Processor.DeclaringType!.IsInstanceOfType(connection)
            || Framework.Processor.GetValue(connection) is not { } http || !Framework.Writer.DeclaringType!.IsInstanceOfType(http)
            || Framework.Writer.GetValue(http) is not { } writer || Framework.Gate.GetValue(writer) is not Lock gate)
        {
            return false;
        }

        lock (gate)
        {
            Framework.Buffer.SetValue(writer, new byte[Kept]);
        }

        return true;
    }

    private sealed class Beginning(IConnectionHeartbeatFeature looks) : IConnectionHeartbeatFeature
    {
        public void OnHeartbeat(Action<object> action, object state)
        {
            _ = TryRelease(state);
            looks.OnHeartbeat(action, state);
        }
    }

    /// <param name="Processor">Of a connection: what speaks its protocol.</param>
    /// <param name="Writer">Of that of HTTP/2: it writes the frames.</param>
    /// <param name="Gate">Of the writer: held while it writes.</param>
    /// <param name="Buffer">Of the writer: into which it encodes headers.</param>
    private sealed record Inside(FieldInfo Processor, FieldInfo Writer, FieldInfo Gate, FieldInfo Buffer)
    {
        private const BindingFlags Any = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

        /// <returns>Null where it is anything but what it is known to be.</returns>
        public static Inside? Find()
        {
            Assembly framework = typeof(Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServer).Assembly;
            Type? connection = framework.GetType("Microsoft.AspNetCore.Server.Kestrel.Core.Internal.HttpConnection");
            Type? http = framework.GetType("Microsoft.AspNetCore.Server.Kestrel.Core.Internal.Http2.Http2Connection");
            return connection?.GetField("_requestProcessor", Any) is { } processor
                && http?.GetField("_frameWriter", Any) is { } writer
                && writer.FieldType.GetField("_writeLock", Any) is { } gate && gate.FieldType == typeof(Lock)
                && writer.FieldType.GetField("_headerEncodingBuffer", Any) is { IsInitOnly: false } buffer && buffer.FieldType == typeof(byte[])
                ? new Inside(processor, writer, gate, buffer)
                : null;
        }
    }
}
